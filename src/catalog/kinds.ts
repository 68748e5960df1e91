/** The kinds and statuses of products. */
export const PRODUCT_KINDS = ['book', 'accessory', 'sound_device', 'other'] as const

export type ProductKind = (typeof PRODUCT_KINDS)[number]

export const PRODUCT_STATUSES = ['draft', 'active', 'archived'] as const

export type ProductStatus = (typeof PRODUCT_STATUSES)[number]

/** The kinds of products, and the states of one. */
export const PRODUCT_KINDS = ['book', 'accessory', 'sound_device', 'other'] as const

export type ProductKind = (typeof PRODUCT_KINDS)[number]

export const PRODUCT_STATUSES = ['draft', 'active', 'archived'] as const

/** Schemas for the routes of the catalogue: categories, and products with the details of their kind. */
import * as z from 'zod'
import { Id } from '../core/ids.ts'
import { Currency, MAX_AMOUNT, Money, MoneyAboveZeroIn } from '../core/money.ts'
import { Page, PageQuery } from '../core/paging.ts'
import { AnyOf } from '../core/query.ts'
import { SearchWords } from '../core/search.ts'
import { IdOrSlug, Slug } from '../core/slug.ts'
import { Line, LongText } from '../core/text.ts'
import { Instant } from '../core/time.ts'
import { HttpsUrl } from '../core/web-address.ts'
import { toIsbn13 } from './isbn.ts'
import { PRODUCT_KINDS, PRODUCT_STATUSES, type ProductKind } from './kinds.ts'

const MAX_IMAGES = 10
const MAX_TAGS = 10
const MAX_SPECS = 50
const MAX_STOCK = 1_000_000
const LATEST_YEAR = 2_100

export const Category = z.lazy(() =>
  z
    .strictObject({
      id: Id('category'),
      organisationId: Id('organisation'),
      name: z.string(),
      slug: z.string(),
      createdAt: Instant,
      updatedAt: Instant,
    })
    .meta({ id: 'Category' }),
)
export type Category = z.infer<typeof Category>

export const CategoryPage = Page(Category)
export const CategoryParams = z.object({ id: Id('category') })
export const CategoryKey = z.object({ id: IdOrSlug('category') })
export const CategoryQuery = z.strictObject({
  organisationId: Id('organisation')
    .optional()
    .meta({ description: 'Whose category it is; required with a slug, which is unique only there.' }),
})
export const ListCategories = PageQuery.extend({
  organisationId: Id('organisation').optional(),
  q: SearchWords.optional(),
})
export type ListCategories = z.infer<typeof ListCategories>

const categoryFields = { name: Line(1, 80), slug: Slug }
export const CreateCategory = z
  .strictObject({
    organisationId: Id('organisation').optional(),
    name: categoryFields.name,
    slug: categoryFields.slug
      .optional()
      .describe('A readable name for addresses. By default it is made from the name.'),
  })
  .meta({ id: 'CreateCategory' })
export type CreateCategory = z.infer<typeof CreateCategory>

export const UpdateCategory = z.strictObject(categoryFields).partial().meta({ id: 'UpdateCategory' })
export type UpdateCategory = z.infer<typeof UpdateCategory>

export const BookDetails = z
  .strictObject({
    author: Line(1, 200),
    isbn13: z
      .string()
      .max(30)
      .overwrite((isbn) => toIsbn13(isbn) ?? isbn)
      .refine((isbn) => toIsbn13(isbn) === isbn, 'must be an ISBN whose check digit is right')
      .meta({ description: 'An ISBN-13, with or without hyphens. An ISBN-10 is converted.' })
      .nullable()
      .default(null),
    publisher: Line(1, 120).nullable().default(null),
    year: z.number().int().min(1_000).max(LATEST_YEAR).nullable().default(null),
    language: z
      .string()
      .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a language tag such as en')
      .max(35)
      .nullable()
      .default(null)
      .describe('The language of the book, as a tag such as `en` or `pt-BR`; null: unknown.'),
  })
  .meta({ id: 'BookDetails' })

const Brand = Line(1, 80)
const Specs = z.array(z.strictObject({ name: Line(1, 60), value: Line(1, 200) })).max(MAX_SPECS)

export const SoundDeviceDetails = z
  .strictObject({ brand: Brand, specs: Specs.default([]) })
  .meta({ id: 'SoundDeviceDetails' })

/** Both are optional, because many accessories have no known brand. */
export const AccessoryDetails = z
  .strictObject({ brand: Brand.optional(), specs: Specs.optional() })
  .meta({ id: 'AccessoryDetails' })

export const NoDetails = z.strictObject({}).meta({ id: 'NoDetails' })

/** The schema of the details of each kind. */
export const DETAILS_OF = {
  book: BookDetails,
  accessory: AccessoryDetails,
  sound_device: SoundDeviceDetails,
  other: NoDetails,
} as const satisfies Record<ProductKind, z.ZodType>

const AnyDetails = z.union([BookDetails, SoundDeviceDetails, AccessoryDetails, NoDetails])
export type Details = z.infer<typeof AnyDetails>

const productFields = {
  categoryId: Id('category').nullable(),
  title: Line(1, 160),
  description: LongText(5_000),
  price: MoneyAboveZeroIn,
  stock: z.number().int().min(0).max(MAX_STOCK),
  images: z.array(HttpsUrl).max(MAX_IMAGES),
  tags: z.array(Line(1, 30)).max(MAX_TAGS),
  status: z.enum(PRODUCT_STATUSES),
}

const newProduct = {
  organisationId: Id('organisation').optional(),
  ...productFields,
  categoryId: productFields.categoryId.default(null),
  description: productFields.description.default(''),
  images: productFields.images.default([]),
  tags: productFields.tags.default([]),
  status: productFields.status.default('draft'),
}

export const CreateProduct = z
  .discriminatedUnion('kind', [
    z.strictObject({ ...newProduct, kind: z.literal('book'), details: BookDetails }),
    z.strictObject({ ...newProduct, kind: z.literal('sound_device'), details: SoundDeviceDetails }),
    z.strictObject({ ...newProduct, kind: z.literal('accessory'), details: AccessoryDetails.default({}) }),
    z.strictObject({ ...newProduct, kind: z.literal('other'), details: NoDetails.default({}) }),
  ])
  .meta({ id: 'CreateProduct' })
export type CreateProduct = z.infer<typeof CreateProduct>

/** Changes the fields that are sent. Fields that are left out keep their values. The kind cannot change. */
export const UpdateProduct = z
  .strictObject({
    ...productFields,
    details: AnyDetails,
    stockWas: productFields.stock.describe(
      'The stock that the client last read. If it is different now, because someone bought, nothing changes.',
    ),
  })
  .partial()
  .refine(({ stock, stockWas }) => stockWas === undefined || stock !== undefined, {
    path: ['stockWas'],
    message: 'is only allowed together with stock',
  })
  .meta({ id: 'UpdateProduct' })
export type UpdateProduct = z.infer<typeof UpdateProduct>

const aProduct = {
  id: Id('product'),
  organisationId: Id('organisation'),
  categoryId: Id('category').nullable(),
  status: z.enum(PRODUCT_STATUSES),
  title: z.string(),
  description: z.string(),
  price: Money,
  stock: z.number().int().describe('Units that can be bought now; held and sold units are not included.'),
  images: z.array(z.string()),
  tags: z.array(z.string()),
  createdAt: Instant,
  updatedAt: Instant,
}

export const Product = z
  .discriminatedUnion('kind', [
    z.strictObject({ ...aProduct, kind: z.literal('book'), details: BookDetails }),
    z.strictObject({ ...aProduct, kind: z.literal('sound_device'), details: SoundDeviceDetails }),
    z.strictObject({ ...aProduct, kind: z.literal('accessory'), details: AccessoryDetails }),
    z.strictObject({ ...aProduct, kind: z.literal('other'), details: NoDetails }),
  ])
  .meta({ id: 'Product' })
export type Product = z.infer<typeof Product>

export const ProductPage = Page(Product)
export const ProductParams = z.object({ id: Id('product') })

const Price = z.number().int().min(0).max(MAX_AMOUNT)
export const ListProducts = PageQuery.extend({
  organisationId: Id('organisation').optional(),
  categoryId: Id('category').optional(),
  kind: z.enum(PRODUCT_KINDS).optional(),
  status: AnyOf(z.enum(PRODUCT_STATUSES)).optional(),
  currency: Currency.optional().describe('Only prices in this currency.'),
  minPrice: Price.optional().describe('The lowest price, in minor units.'),
  maxPrice: Price.optional(),
  inStock: z.stringbool({ truthy: ['true'], falsy: ['false'] }).optional(),
  q: SearchWords.optional().meta({
    description: 'Words in the title, the author, the brand, the ISBN or a tag.',
  }),
  sort: z.enum(['price', '-price', '-createdAt', 'title']).default('-createdAt'),
})
export type ListProducts = z.infer<typeof ListProducts>

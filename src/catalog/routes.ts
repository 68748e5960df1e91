/** Routes under /api/v1/products and /api/v1/categories: public to read; members change them. */
import { Hono } from 'hono'
import { cachedForASecond } from '../core/cache.ts'
import type { AppEnv } from '../core/context.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../core/openapi.ts'
import { validate } from '../core/validation.ts'
import {
  Category,
  CategoryKey,
  CategoryPage,
  CategoryParams,
  CategoryQuery,
  CreateCategory,
  CreateProduct,
  ListCategories,
  ListProducts,
  Product,
  ProductPage,
  ProductParams,
  UpdateCategory,
  UpdateProduct,
} from './contract.ts'
import { createProduct } from './create-product.ts'
import { deleteProduct } from './delete-product.ts'
import { BODIES, EXAMPLE_CATEGORY, EXAMPLE_PRODUCT } from './examples.ts'
import { readProduct } from './find-product.ts'
import { listProducts } from './list-products.ts'
import {
  createCategory,
  deleteCategory,
  listCategories,
  readCategoryBy,
  updateCategory,
} from './manage-category.ts'
import type { UsersOf } from './still-used.ts'
import { updateProduct } from './update-product.ts'

const TAG = 'Catalogue'

const theProduct = (description: string) => ({
  status: 200 as const,
  schema: Product,
  example: EXAMPLE_PRODUCT,
  description,
})
const theCategory = (description: string) => ({
  status: 200 as const,
  schema: Category,
  example: EXAMPLE_CATEGORY,
  description,
})

/** `usersOfProduct` selects what still uses a product; see `still-used.ts`. */
export const productRoutes = ({ usersOfProduct }: { usersOfProduct: UsersOf }) =>
  new Hono<AppEnv>()
    .get(
      '/',
      describe({
        operation: 'listProducts',
        summary: 'List products',
        description:
          'Products on sale. Members who may edit them also see drafts and the archive. Prices are compared only within one currency. `minPrice`, `maxPrice` and `sort` by price require `currency` where products in several currencies are on sale, here or in the named organisation.',
        tag: TAG,
        auth: 'optional',
        success: {
          status: 200,
          schema: ProductPage,
          example: { data: [EXAMPLE_PRODUCT], nextCursor: null },
          description: 'One page of products.',
        },
        errors: PAGE_ERRORS,
      }),
      validate('query', ListProducts),
      cachedForASecond,
      async (c) => c.json(await listProducts(c.get('ctx'), c.req.valid('query'))),
    )
    .post(
      '/',
      describe({
        operation: 'createProduct',
        summary: 'Create a product',
        description:
          'The product is a draft unless `status` says otherwise. A member of only one organisation may leave out `organisationId`.',
        tag: TAG,
        auth: 'user',
        success: { ...theProduct('The product.'), status: 201 },
        errors: [...BODY_ERRORS, 'forbidden', 'not_found'],
      }),
      validate('json', CreateProduct, BODIES.CreateProduct),
      async (c) => {
        const product = await createProduct(c.get('ctx'), c.req.valid('json'))
        c.header('location', `/api/v1/products/${product.id}`)
        return c.json(product, 201)
      },
    )
    .get(
      '/:id',
      describe({
        operation: 'readProduct',
        summary: 'Read a product',
        tag: TAG,
        auth: 'optional',
        success: theProduct('The product.'),
        errors: ['not_found'],
      }),
      validate('param', ProductParams),
      cachedForASecond,
      async (c) => c.json(await readProduct(c.get('ctx'), c.req.valid('param').id)),
    )
    .put(
      '/:id',
      describe({
        operation: 'updateProduct',
        summary: 'Change a product',
        description:
          'Fields that are left out keep their values; `details` are replaced whole. `stock` is the number of units for sale. With `stockWas`, it is set only if the stock has not changed since.',
        tag: TAG,
        auth: 'user',
        success: theProduct('The changed product.'),
        errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'conflict'],
      }),
      validate('param', ProductParams),
      validate('json', UpdateProduct, BODIES.UpdateProduct),
      async (c) => c.json(await updateProduct(c.get('ctx'), c.req.valid('param').id, c.req.valid('json'))),
    )
    .delete(
      '/:id',
      describe({
        operation: 'deleteProduct',
        summary: 'Delete a product',
        description:
          'A product that was ever ordered or set aside as a prize is archived instead. A product that a draft, a series or a raffle template would give away is refused.',
        tag: TAG,
        auth: 'user',
        success: { status: 204, description: 'The product is no longer for sale.' },
        errors: ['forbidden', 'not_found', 'invalid_state'],
      }),
      validate('param', ProductParams),
      async (c) => {
        await deleteProduct(c.get('ctx'), usersOfProduct, c.req.valid('param').id)
        return c.body(null, 204)
      },
    )

/** `usersOfCategory` selects what still uses a category; see `still-used.ts`. */
export const categoryRoutes = ({ usersOfCategory }: { usersOfCategory: UsersOf }) =>
  new Hono<AppEnv>()
    .get(
      '/',
      describe({
        operation: 'listCategories',
        summary: 'List categories',
        description: 'Sorted by name.',
        tag: TAG,
        auth: 'none',
        success: {
          status: 200,
          schema: CategoryPage,
          example: { data: [EXAMPLE_CATEGORY], nextCursor: null },
          description: 'One page of categories.',
        },
        errors: PAGE_ERRORS,
      }),
      validate('query', ListCategories),
      cachedForASecond,
      async (c) => c.json(await listCategories(c.get('ctx'), c.req.valid('query'))),
    )
    .post(
      '/',
      describe({
        operation: 'createCategory',
        summary: 'Create a category',
        description:
          'The slug is unique in the organisation. By default it is made from the name, with a suffix if that one is taken. A slug that you send and that is taken is refused.',
        tag: TAG,
        auth: 'user',
        success: { ...theCategory('The category.'), status: 201 },
        errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'conflict'],
      }),
      validate('json', CreateCategory, BODIES.CreateCategory),
      async (c) => {
        const category = await createCategory(c.get('ctx'), c.req.valid('json'))
        c.header('location', `/api/v1/categories/${category.id}`)
        return c.json(category, 201)
      },
    )
    .get(
      '/:id',
      describe({
        operation: 'readCategory',
        summary: 'Read a category',
        description: 'By its id. With `organisationId` also by its slug.',
        tag: TAG,
        auth: 'none',
        success: theCategory('The category.'),
        errors: ['validation_failed', 'not_found'],
      }),
      validate('param', CategoryKey),
      validate('query', CategoryQuery),
      cachedForASecond,
      async (c) => {
        const { organisationId } = c.req.valid('query')
        return c.json(await readCategoryBy(c.get('ctx'), c.req.valid('param').id, organisationId))
      },
    )
    .put(
      '/:id',
      describe({
        operation: 'updateCategory',
        summary: 'Change a category',
        tag: TAG,
        auth: 'user',
        success: theCategory('The changed category.'),
        errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'conflict'],
      }),
      validate('param', CategoryParams),
      validate('json', UpdateCategory, BODIES.UpdateCategory),
      async (c) => c.json(await updateCategory(c.get('ctx'), c.req.valid('param').id, c.req.valid('json'))),
    )
    .delete(
      '/:id',
      describe({
        operation: 'deleteCategory',
        summary: 'Delete a category',
        description: 'Only an unused category can be deleted.',
        tag: TAG,
        auth: 'user',
        success: { status: 204, description: 'The category is deleted.' },
        errors: ['forbidden', 'not_found', 'invalid_state'],
      }),
      validate('param', CategoryParams),
      async (c) => {
        await deleteCategory(c.get('ctx'), usersOfCategory, c.req.valid('param').id)
        return c.body(null, 204)
      },
    )

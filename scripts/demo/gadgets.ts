/** The demo's gadgets and accessories. */
import type { ProductInput } from './product-input.ts'

const shillings = (price: number) => ({ amount: price * 100, currency: 'KES' })
const sound = { kind: 'sound_device', category: 'Sound', status: 'active' } as const
const accessory = { kind: 'accessory', category: 'Accessories', status: 'active' } as const

export const gadgets = (): ProductInput[] => [
  {
    ...sound,
    title: 'Sauti Mini wireless speaker',
    description: 'For audiobooks in the kitchen: small, loud, and not afraid of steam.',
    price: shillings(4_500),
    stock: 12,
    tags: ['bluetooth', 'audiobooks'],
    details: {
      brand: 'Sauti',
      specs: [
        { name: 'Power', value: '10 W' },
        { name: 'Battery', value: '14 hours' },
        { name: 'Bluetooth', value: '5.3' },
        { name: 'Protection', value: 'IPX5' },
      ],
    },
  },
  {
    ...sound,
    title: 'Sauti One headphones',
    description: 'Over the ear, and closed: the matatu stays outside.',
    price: shillings(7_900),
    stock: 8,
    tags: ['bluetooth', 'audiobooks'],
    details: {
      brand: 'Sauti',
      specs: [
        { name: 'Driver', value: '40 mm' },
        { name: 'Battery', value: '35 hours' },
        { name: 'Weight', value: '240 g' },
      ],
    },
  },
  {
    ...sound,
    title: 'Mawimbi kitchen radio',
    description: 'FM, medium wave and short wave, on mains or four cells.',
    price: shillings(3_200),
    stock: 5,
    tags: ['radio'],
    details: {
      brand: 'Mawimbi',
      specs: [
        { name: 'Bands', value: 'FM 87.5–108 MHz, MW, SW1, SW2' },
        { name: 'Power', value: '240 V, or 4 × AA' },
      ],
    },
  },
  {
    ...accessory,
    title: 'Clip-on reading lamp',
    description: 'Warm light for one page and no more; charges by USB-C.',
    price: shillings(1_200),
    stock: 30,
    tags: ['light'],
    details: { brand: 'Mawimbi', specs: [{ name: 'Battery', value: '12 hours' }] },
  },
  {
    ...accessory,
    title: 'Canvas book bag',
    description: 'Holds eleven paperbacks, or one Monte-Cristo and lunch.',
    price: shillings(850),
    stock: 50,
    tags: ['cotton'],
  },
  {
    ...accessory,
    title: 'Brass bookmark',
    description: 'Made in Gikomba. Keeps the place for longer than the paper will.',
    price: shillings(350),
    stock: 80,
    tags: ['kenya'],
  },
]

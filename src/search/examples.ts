/** What the API document shows of a search. */
import type { SearchPage } from './contract.ts'

export const EXAMPLE_PAGE: SearchPage = {
  data: [
    {
      type: 'event',
      id: 'event_01k9z0m8x4f7gv2q6d1c5t3hne',
      slug: 'jazz-at-the-lake',
      title: 'Jazz at the Lake',
      summary: 'Three bands, and the sunset.',
      imageUrl: null,
      organisation: { id: 'org_01k9z0m8x4f7gv2q6d1c5t3hna', slug: 'lake-sounds', name: 'Lake Sounds' },
      category: { id: 'cat_01k9z0m8x4f7gv2q6d1c5t3hnb', slug: 'music', name: 'Music' },
      tags: ['jazz', 'open air'],
      place: {
        venue: 'Dunga Beach',
        city: 'Kisumu',
        country: 'KE',
        coordinates: { latitude: -0.145, longitude: 34.736 },
      },
      date: '2026-12-05T16:00:00.000Z',
      prices: [{ currency: 'KES', lowest: 0, highest: 5_000 }],
      status: 'published',
      distanceKm: 4.2,
    },
  ],
  nextCursor: null,
  total: 1,
  complete: true,
  facets: {
    types: [{ type: 'event', count: 1 }],
    categories: [{ slug: 'music', name: 'Music', count: 1 }],
    cities: [{ city: 'Kisumu', count: 1 }],
    tags: [
      { tag: 'jazz', count: 1 },
      { tag: 'open air', count: 1 },
    ],
  },
  didYouMean: null,
}

/** The groups of operations, in the order in which somebody new would read them. */
export const TAGS = [
  { name: 'Signing in', description: 'Register, log in, keep a session, and set a password.' },
  {
    name: 'Users',
    description: 'Your own account and its invitations, and what administrators do with users.',
  },
  {
    name: 'Organisations',
    description: 'Organisers of raffles, their members, their invitations and their API keys.',
  },
  { name: 'Raffles', description: 'Create a raffle, publish it, and follow its sales until they close.' },
  {
    name: 'Events',
    description: 'Create an event with its types of tickets, publish it, postpone it or cancel it.',
  },
  { name: 'Search', description: 'Find events, raffles and products by words, place, tags and dates.' },
  { name: 'Tickets', description: 'Take tickets of a raffle or of an event, and read those that you hold.' },
  {
    name: 'Check-in',
    description: 'Scan tickets at the door of an event, and see who is expected and who is in.',
  },
  {
    name: 'Catalogue',
    description: 'Products of a shop, their stock, and the categories of products and raffles.',
  },
  { name: 'Orders', description: 'Buy tickets and products together, pay, cancel, and follow the delivery.' },
  {
    name: 'Draws',
    description: 'The next draws, their winners and claims, and the proof that anybody can check.',
  },
  {
    name: 'Lotteries',
    description: 'Official lotteries whose results decide raffles, and how a result is confirmed.',
  },
  { name: 'Grants', description: 'Entries that orders of another shop earn, given by its API key.' },
  { name: 'Raffle templates', description: 'Terms that are saved once and start many raffles.' },
  { name: 'Series', description: 'Raffles that repeat by a calendar, with a reward for each day.' },
  {
    name: 'Payments',
    description: 'Money in: what operators see and do, and where providers send their webhooks.',
  },
  { name: 'Refunds', description: 'Money back to buyers, for one order or for a cancelled raffle.' },
  { name: 'Payouts', description: 'Money out to winners, organisers and shops, and the balances behind it.' },
  { name: 'Ledger', description: 'Every transfer of money, and the proof that the books balance.' },
  { name: 'System', description: 'Whether the system works, and how this deployment is configured.' },
]

/** What `npm run fakes` serves for one provider: its API, and a page on which a person plays its other side. */
export interface Outside {
  title: string
  /** The address of the page. */
  page: string
  /** The settings that point `npm start` at it. */
  settings: Readonly<Record<string, string>>
  /** The path begins after the provider's name. Throws where the provider would lose the answer. */
  answer(request: Request): Promise<Response>
}

/** For so many days after leaving, a former member counts as staff of the organisation, because of what the member knew. */
export const FORMER_MEMBER_DAYS = 30

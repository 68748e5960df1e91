/** How long a former member still counts as staff: they may know what other buyers do not. */
export const FORMER_MEMBER_DAYS = 30

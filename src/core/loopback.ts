/** Addresses that lead only to the same machine. */

const LOOPBACK = /^https?:\/\/(?:(?:[\w-]+\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?(?:[/?#]|$)/i

/** Whether a request that was sent to `url` came by a name or address of the loopback. */
export const isLoopback = (url: string): boolean => LOOPBACK.test(url)

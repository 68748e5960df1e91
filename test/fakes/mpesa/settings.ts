/** The settings that the fake of M-Pesa accepts. */
export const MPESA_SETTINGS = {
  MPESA_URL: 'https://sandbox.safaricom.co.ke',
  MPESA_CONSUMER_KEY: 'a-consumer-key-of-the-fake',
  MPESA_CONSUMER_SECRET: 'a-consumer-secret-of-the-fake',
  MPESA_SHORT_CODE: '174379',
  MPESA_PASSKEY: 'a-passkey-of-the-fake',
  MPESA_INITIATOR: 'testapi',
  MPESA_SECURITY_CREDENTIAL: 'c2VjdXJpdHkgY3JlZGVudGlhbCBvZiB0aGUgZmFrZQ==',
} as const

export type MpesaSettings = Record<keyof typeof MPESA_SETTINGS, string>

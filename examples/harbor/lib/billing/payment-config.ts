export const paymentConfig = {
  currency: 'usd',
  apiKey: process.env.PAYMENTS_KEY,
  statementDescriptor: 'HARBOR TMS',
};

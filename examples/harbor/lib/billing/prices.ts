import { paymentConfig } from './payment-config';

/** Asks Stripe what a plan costs today. Falls back to the list price. */
export async function livePrice(priceId: string, listCents: number): Promise<number> {
  try {
    const response = await fetch(`https://api.stripe.com/v1/prices/${priceId}`, {
      headers: { authorization: `Bearer ${paymentConfig.apiKey}` },
    });
    if (!response.ok) return listCents;
    const price: { unit_amount?: number } = await response.json();
    return price.unit_amount ?? listCents;
  } catch {
    return listCents;
  }
}

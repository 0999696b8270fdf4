export const plans = {
  starter: { label: 'Starter', priceId: 'price_harbor_starter', monthlyCents: 4900 },
  growth: { label: 'Growth', priceId: 'price_harbor_growth', monthlyCents: 14900 },
  fleet: { label: 'Fleet', priceId: 'price_harbor_fleet', monthlyCents: 39900 },
} as const;

export type Plan = keyof typeof plans;

export function planOfPrice(priceId: string | undefined): Plan {
  const found = (Object.keys(plans) as Plan[]).find(plan => plans[plan].priceId === priceId);
  return found ?? 'starter';
}

import type { NextConfig } from 'next';

const nextConfig: NextConfig = {
  reactStrictMode: true,
  poweredByHeader: false,
  serverExternalPackages: ['pg'],
  env: {
    PAYMENTS_KEY: process.env.STRIPE_SECRET_KEY ?? '',
  },
  experimental: {
    useCache: true,
  },
};

export default nextConfig;

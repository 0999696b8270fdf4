DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'harbor_app') THEN
		CREATE ROLE harbor_app NOLOGIN;
	END IF;
END
$$;
--> statement-breakpoint
GRANT harbor_app TO CURRENT_USER;--> statement-breakpoint
GRANT USAGE ON SCHEMA public TO harbor_app;--> statement-breakpoint
GRANT SELECT ON "equipment_types" TO harbor_app;--> statement-breakpoint
CREATE TABLE "quotes" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"organization_id" text NOT NULL,
	"customer_id" uuid NOT NULL,
	"lane" text NOT NULL,
	"rate_cents" integer NOT NULL,
	"status" text DEFAULT 'sent' NOT NULL,
	"valid_until" date,
	"created_by" text,
	"created_at" timestamp DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "quotes" ADD CONSTRAINT "quotes_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "quotes" ADD CONSTRAINT "quotes_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "quotes" ADD CONSTRAINT "quotes_created_by_user_id_fk" FOREIGN KEY ("created_by") REFERENCES "public"."user"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "quotes_organization_id_idx" ON "quotes" USING btree ("organization_id");--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON "quotes" TO harbor_app;--> statement-breakpoint
GRANT SELECT ON "customers" TO harbor_app;--> statement-breakpoint
ALTER TABLE "customers" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "customers_read" ON "customers" FOR SELECT TO harbor_app
	USING (organization_id = current_setting('app.organization_id', true));--> statement-breakpoint
ALTER TABLE "quotes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "quotes_read" ON "quotes" FOR SELECT TO harbor_app
	USING (organization_id = current_setting('app.organization_id', true));--> statement-breakpoint
CREATE POLICY "quotes_insert" ON "quotes" FOR INSERT TO harbor_app
	WITH CHECK (organization_id = current_setting('app.organization_id', true));--> statement-breakpoint
CREATE POLICY "quotes_update" ON "quotes" FOR UPDATE TO harbor_app
	USING (organization_id = current_setting('app.organization_id', true))
	WITH CHECK (organization_id = current_setting('app.organization_id', true));--> statement-breakpoint
CREATE POLICY "quotes_delete" ON "quotes" FOR DELETE TO harbor_app
	USING (organization_id = current_setting('app.organization_id', true));--> statement-breakpoint
CREATE VIEW "quote_summaries" AS
	SELECT q.id, q.organization_id, q.lane, q.rate_cents, q.status, c.name AS customer_name
	FROM quotes q
	JOIN customers c ON c.id = q.customer_id;--> statement-breakpoint
GRANT SELECT ON "quote_summaries" TO harbor_app;

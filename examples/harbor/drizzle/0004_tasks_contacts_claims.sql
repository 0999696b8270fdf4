CREATE TABLE "tasks" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"organization_id" text NOT NULL,
	"title" text NOT NULL,
	"details" text,
	"status" text DEFAULT 'todo' NOT NULL,
	"due_date" date,
	"created_by" text,
	"created_at" timestamp DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "contacts" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"organization_id" text NOT NULL,
	"customer_id" uuid,
	"name" text NOT NULL,
	"email" text NOT NULL,
	"phone" text,
	"visibility" text DEFAULT 'team' NOT NULL,
	"created_at" timestamp DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "claims" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"organization_id" text NOT NULL,
	"order_id" uuid,
	"reason" text NOT NULL,
	"amount_cents" integer NOT NULL,
	"status" text DEFAULT 'open' NOT NULL,
	"created_at" timestamp DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_created_by_user_id_fk" FOREIGN KEY ("created_by") REFERENCES "public"."user"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "contacts" ADD CONSTRAINT "contacts_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "contacts" ADD CONSTRAINT "contacts_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "claims" ADD CONSTRAINT "claims_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "claims" ADD CONSTRAINT "claims_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "tasks_organization_id_idx" ON "tasks" USING btree ("organization_id");--> statement-breakpoint
CREATE INDEX "contacts_organization_id_idx" ON "contacts" USING btree ("organization_id");--> statement-breakpoint
CREATE INDEX "claims_organization_id_idx" ON "claims" USING btree ("organization_id");--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON "tasks" TO harbor_app;--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON "contacts" TO harbor_app;--> statement-breakpoint
GRANT SELECT, INSERT ON "claims" TO harbor_app;--> statement-breakpoint
GRANT SELECT, INSERT ON "saved_exports" TO harbor_app;--> statement-breakpoint
ALTER TABLE "tasks" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "tasks_read" ON "tasks" FOR SELECT TO harbor_app
	USING (organization_id = current_setting('app.organization_id', true));--> statement-breakpoint
CREATE POLICY "tasks_insert" ON "tasks" FOR INSERT TO harbor_app
	WITH CHECK (created_by = current_setting('app.user_id', true));--> statement-breakpoint
CREATE POLICY "tasks_update" ON "tasks" FOR UPDATE TO harbor_app
	USING (organization_id = current_setting('app.organization_id', true))
	WITH CHECK (organization_id = current_setting('app.organization_id', true));--> statement-breakpoint
CREATE POLICY "tasks_delete" ON "tasks" FOR DELETE TO harbor_app
	USING (organization_id = current_setting('app.organization_id', true));--> statement-breakpoint
ALTER TABLE "contacts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "contacts_read" ON "contacts" FOR SELECT TO harbor_app
	USING (organization_id = current_setting('app.organization_id', true));--> statement-breakpoint
CREATE POLICY "contacts_directory" ON "contacts" FOR SELECT TO harbor_app
	USING (visibility <> 'private');--> statement-breakpoint
CREATE POLICY "contacts_insert" ON "contacts" FOR INSERT TO harbor_app
	WITH CHECK (organization_id = current_setting('app.organization_id', true));--> statement-breakpoint
CREATE POLICY "contacts_update" ON "contacts" FOR UPDATE TO harbor_app
	USING (organization_id = current_setting('app.organization_id', true))
	WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "claims_read" ON "claims" FOR SELECT TO harbor_app
	USING (organization_id = current_setting('app.organization_id', true));--> statement-breakpoint
CREATE POLICY "claims_insert" ON "claims" FOR INSERT TO harbor_app
	WITH CHECK (organization_id = current_setting('app.organization_id', true));--> statement-breakpoint
CREATE VIEW "open_tasks" WITH (security_invoker = true) AS
	SELECT id, organization_id, title, due_date
	FROM tasks
	WHERE status <> 'done';--> statement-breakpoint
GRANT SELECT ON "open_tasks" TO harbor_app;

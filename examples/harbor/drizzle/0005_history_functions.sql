CREATE FUNCTION "quote_history"(p_quote_id uuid)
RETURNS TABLE (happened_at timestamp, event text, rate_cents integer)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = public
AS $$
	SELECT q.created_at, 'quoted ' || q.lane, q.rate_cents
	FROM quotes q
	WHERE q.id = p_quote_id
$$;
--> statement-breakpoint
CREATE FUNCTION "task_history"(p_task_id uuid)
RETURNS TABLE (happened_at timestamp, event text)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = public
AS $$
	SELECT t.created_at, 'created ' || t.title
	FROM tasks t
	WHERE t.id = p_task_id
	  AND t.organization_id = current_setting('app.organization_id', true)
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION "quote_history"(uuid) FROM PUBLIC;--> statement-breakpoint
REVOKE ALL ON FUNCTION "task_history"(uuid) FROM PUBLIC;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "quote_history"(uuid) TO harbor_app;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "task_history"(uuid) TO harbor_app;

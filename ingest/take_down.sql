-- How many texts the newest edition withholds (main) and an earlier one (kept) does not, although it
-- holds the line. Identical lines share a base id, and so their secret.

-- where there is a table line_spans
SELECT count(*) FROM main.withheld AS hidden
WHERE NOT EXISTS (
    SELECT 1 FROM kept.withheld AS already
    WHERE already.subject_id = hidden.subject_id AND already.field = hidden.field
)
AND (
    EXISTS (SELECT 1 FROM kept.line_spans WHERE spend_id = hidden.subject_id)
    OR EXISTS (SELECT 1 FROM kept.quarantine WHERE quarantine_id = hidden.subject_id)
)

-- where there is a table admitted
SELECT count(*) FROM main.withheld AS hidden
WHERE NOT EXISTS (
    SELECT 1 FROM kept.withheld AS already
    WHERE already.subject_id = hidden.subject_id AND already.field = hidden.field
)
AND (
    EXISTS (SELECT 1 FROM kept.admitted WHERE admitted_id = hidden.subject_id)
    OR EXISTS (SELECT 1 FROM kept.admitted_left_out WHERE admitted_id = hidden.subject_id)
)

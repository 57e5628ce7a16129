-- The firms, where it takes too long to work out what each usually sells at once.
firms AS (
    SELECT DISTINCT supplier_id, NULL AS typical_pence FROM months
)

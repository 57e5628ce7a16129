-- The name that an id is shown under: of a supplier, a buyer, or, where it has none, the id.
SELECT coalesce(
    CASE :column
        WHEN 'supplier_id' THEN (SELECT name FROM suppliers WHERE supplier_id = :value)
        WHEN 'buyer_id' THEN (SELECT name FROM buyers WHERE buyer_id = :value)
    END, :value) AS name

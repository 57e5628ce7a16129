-- Buyers for the API, each with what its lines come to and its place. Suppliers and months are those
-- of its purchases (lines above zero). The SME share is of all its spend, that of unknown size
-- included; it is null where that is zero or less, or where no size is published.
-- /* where */ becomes the filters.
SELECT buyers.buyer_id, buyers.name,
    coalesce(sums.amount_pence, 0) / 100.0 AS amount,
    coalesce(sums.amount_pence, 0) AS amount_pence,
    sums.sme_pence / 100.0 AS sme_amount,
    sums.sme_pence AS sme_amount_pence,
    CASE WHEN sums.amount_pence > 0
        THEN round(1.0 * sums.sme_pence / sums.amount_pence, 6) END AS sme_share,
    coalesce(sums.line_count, 0) AS line_count,
    coalesce(sums.supplier_count, 0) AS supplier_count,
    sums.first_sale_month AS first_month, sums.last_sale_month AS last_month,
    (SELECT json_group_array(published_name) FROM (
        SELECT published_name FROM buyer_names
        WHERE buyer_names.buyer_id = buyers.buyer_id
        ORDER BY published_name)) AS published_names,
    buyer_places.postcode, buyer_places.latitude, buyer_places.longitude,
    buyer_places.region, buyer_places.area
FROM buyers
LEFT JOIN buyer_totals AS sums ON sums.buyer_id = buyers.buyer_id
LEFT JOIN buyer_places ON buyer_places.buyer_id = buyers.buyer_id
/* where */

-- Every buyer with a sale, its spend and its place; the columns of the place are NULL where it is
-- not known.
SELECT buyers.buyer_id, buyers.name, sums.amount_pence, sums.sme_pence,
    buyer_places.postcode, buyer_places.area, buyer_places.region, buyer_places.source,
    buyer_places.evidence, buyer_places.latitude, buyer_places.longitude
FROM buyer_totals AS sums
JOIN buyers ON buyers.buyer_id = sums.buyer_id
LEFT JOIN buyer_places ON buyer_places.buyer_id = sums.buyer_id
ORDER BY sums.amount_pence DESC, buyers.buyer_id

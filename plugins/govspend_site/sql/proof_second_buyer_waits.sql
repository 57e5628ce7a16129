-- The same firms by the months between first sale and second buyer.
WITH /* include proof_waits */,
bands (second_buyer, from_month, to_month) AS (
    VALUES ('same month', 0, 0), ('1 to 3 months', 1, 3), ('4 to 6 months', 4, 6),
        ('7 to 12 months', 7, 12), ('later', 13, 1000000), ('not so far', NULL, NULL)
)
SELECT bands.second_buyer, count(waits.supplier_id) AS supplier_count
FROM bands
LEFT JOIN waits ON waits.watched >= 12
    AND CASE WHEN waits.reached = 1 THEN waits.wait BETWEEN bands.from_month AND bands.to_month
        ELSE bands.from_month IS NULL END
GROUP BY bands.second_buyer
ORDER BY coalesce(bands.from_month, 1000001)

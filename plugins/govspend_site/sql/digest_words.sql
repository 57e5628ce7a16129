-- Published words of a release that the one before it did not use, and the other way about.
WITH published AS (
    SELECT release_id, 'framework' AS field, framework_published AS word FROM published_categories
    UNION SELECT release_id, 'lot', lot_published FROM published_categories
    UNION SELECT release_id, 'sector', sector_published FROM published_categories
    UNION SELECT release_id, 'supplier_size', supplier_size_published FROM published_categories
)
SELECT field, coalesce(word, '(nothing)') AS word, max(release_id = :release_id) AS is_new
FROM published
WHERE release_id IN (:release_id, :previous_id)
GROUP BY field, word
HAVING count(*) = 1
ORDER BY field, is_new, word

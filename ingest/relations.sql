-- What lines are to one another, from staged lines to the rows of tables. Run in this order by an
-- engine (see engine.py): a view whenever it is asked, a table once; rows are what a table of the
-- database is filled with, in order. Whole numbers and texts only, and nothing that looks inside
-- them, so that every engine says the same.
--
-- `shard of` stands for one of the files that lines may be split into; `shard,` is where an engine that
-- writes them all at once says which is which. `part of` is where one that has little memory does the
-- work part by part, and `large part of` where it puts together what will be asked for so.
--
-- Given: staged (lines of all releases), releases, followers (release, the one that it restates),
-- under (what lines are counted under), supplier_places and buyer_places (a name in a release -> its
-- number), supplier_names and buyer_names (number of a name -> of its party, in order of ids).
-- A sale is a line above nought.

-- table ids
-- What is asked of lines by their ids lies together here, part by part.
SELECT release_key, line_number, base_id, under_key FROM staged
WHERE 1 = 1 /* large part of staged.base_id */

-- table repeated
-- Lines that a release has more than once.
SELECT release_key, base_id FROM ids
WHERE 1 = 1 /* part of ids.base_id */
GROUP BY release_key, base_id HAVING count(*) > 1

-- table numbered
SELECT ids.release_key, ids.line_number, ids.base_id, row_number() OVER (
        PARTITION BY ids.release_key, ids.base_id ORDER BY ids.line_number
    ) AS place
FROM ids
JOIN repeated ON repeated.release_key = ids.release_key AND repeated.base_id = ids.base_id
    /* part of repeated.base_id */
WHERE 1 = 1 /* part of ids.base_id */

-- table added
-- Where a feed does not restate its history, lines of later releases are further ones.
SELECT ids.release_key, base_id, count(*) AS line_count
FROM ids JOIN releases ON releases.release_key = ids.release_key
WHERE releases.adds = 1 /* part of ids.base_id */
GROUP BY ids.release_key, base_id

-- table there_before
SELECT later.release_key, later.base_id, sum(earlier.line_count) AS line_count
FROM added AS later
JOIN releases AS this ON this.release_key = later.release_key
JOIN added AS earlier ON earlier.base_id = later.base_id
JOIN releases AS that ON that.release_key = earlier.release_key
WHERE that.feed_key = this.feed_key AND that.position < this.position AND that.is_current = 1
    /* part of later.base_id */
GROUP BY later.release_key, later.base_id

-- table spans
-- Runs of releases that held a line: in a run, position and number rise together. Identical lines are
-- told apart by their number among themselves. A run that goes on ends with a line of spend, whose
-- release and number it has.
SELECT shard, feed_key, base_id, occurrence, min(position) AS first_position,
    max(position) AS last_position, max(CASE WHEN is_current = 1 THEN release_key END) AS release_key,
    max(CASE WHEN is_current = 1 THEN line_number END) AS line_number
FROM (
    SELECT shard, feed_key, base_id, occurrence, position, is_current, release_key, line_number,
        position - row_number() OVER (
            PARTITION BY shard, feed_key, base_id, occurrence ORDER BY position
        ) AS run
    FROM (
        SELECT under.shard, releases.feed_key, releases.position, releases.is_current,
            ids.release_key, ids.line_number, ids.base_id,
            coalesce(numbered.place, 1) + coalesce(there_before.line_count, 0) AS occurrence
        FROM ids
        JOIN releases ON releases.release_key = ids.release_key
        JOIN under ON under.under_key = ids.under_key
        LEFT JOIN numbered ON numbered.release_key = ids.release_key
            AND numbered.line_number = ids.line_number /* part of numbered.base_id */
        LEFT JOIN there_before ON there_before.release_key = ids.release_key
            AND there_before.base_id = ids.base_id
        WHERE 1 = 1 /* part of ids.base_id */
    ) AS positions
) AS numbered_runs
GROUP BY shard, feed_key, base_id, occurrence, run

-- table begun
-- Lines of spend that an earlier release held, too, without a break.
SELECT shard, release_key, line_number, first_position FROM spans
WHERE release_key IS NOT NULL AND first_position < last_position
    /* large part of spans.line_number */

-- table counted
-- What is asked of lines by what they are counted under lies together here, part by part.
SELECT release_key, under_key, supplier_place, buyer_place, amount_pence FROM staged
WHERE 1 = 1 /* large part of staged.under_key */

-- table sums
-- Lines added up by all that cubes are made of. In a release a place is a name.
SELECT placed.release_key, placed.under_key, supplier_places.supplier_name_id,
    buyer_places.buyer_name_id, placed.line_count, placed.amount_pence, placed.sale_count,
    placed.sale_pence
FROM (
    SELECT release_key, under_key, supplier_place, buyer_place, count(*) AS line_count,
        sum(amount_pence) AS amount_pence, count(CASE WHEN amount_pence > 0 THEN 1 END) AS sale_count,
        sum(CASE WHEN amount_pence > 0 THEN amount_pence ELSE 0 END) AS sale_pence
    FROM counted
    WHERE 1 = 1 /* part of counted.under_key */
    GROUP BY release_key, under_key, supplier_place, buyer_place
) AS placed
JOIN supplier_places ON supplier_places.supplier_place = placed.supplier_place
JOIN buyer_places ON buyer_places.buyer_place = placed.buyer_place

-- table pairs
SELECT sums.release_key, under.month, supplier_names.supplier_key, buyer_names.buyer_key,
    sum(sums.line_count) AS line_count, sum(sums.amount_pence) AS amount_pence
FROM sums
JOIN under ON under.under_key = sums.under_key
JOIN supplier_names ON supplier_names.supplier_name_id = sums.supplier_name_id
JOIN buyer_names ON buyer_names.buyer_name_id = sums.buyer_name_id
WHERE 1 = 1 /* part of buyer_names.buyer_key */
GROUP BY sums.release_key, under.month, supplier_names.supplier_key, buyer_names.buyer_key

-- view current_sums
SELECT sums.release_key, under.month, under.financial_year, under.categories_key, under.framework,
    under.lot, under.sector, under.supplier_size, supplier_names.supplier_key, buyer_names.buyer_key,
    sums.supplier_name_id, sums.buyer_name_id, sums.line_count, sums.amount_pence,
    sums.sale_count, sums.sale_pence
FROM sums
JOIN releases ON releases.release_key = sums.release_key
JOIN under ON under.under_key = sums.under_key
JOIN supplier_names ON supplier_names.supplier_name_id = sums.supplier_name_id
JOIN buyer_names ON buyer_names.buyer_name_id = sums.buyer_name_id
WHERE releases.is_current = 1

-- rows spend_keyed
-- In the order of the files, from the first month to the last.
SELECT /* under.shard, */ staged.release_key, staged.line_number, staged.base_id,
    coalesce(numbered.place, 1) + coalesce(there_before.line_count, 0) AS occurrence,
    coalesce(begun.first_position, releases.position) AS first_position,
    staged.under_key, supplier_places.supplier_name_id, buyer_places.buyer_name_id,
    staged.description, staged.amount_pence
FROM staged
JOIN releases ON releases.release_key = staged.release_key
JOIN supplier_places ON supplier_places.supplier_place = staged.supplier_place
JOIN buyer_places ON buyer_places.buyer_place = staged.buyer_place
JOIN under ON under.under_key = staged.under_key
LEFT JOIN numbered ON numbered.release_key = staged.release_key
    AND numbered.line_number = staged.line_number
LEFT JOIN there_before ON there_before.release_key = staged.release_key
    AND there_before.base_id = staged.base_id
LEFT JOIN begun ON begun.release_key = staged.release_key
    AND begun.line_number = staged.line_number /* part of begun.line_number */ /* shard of begun */
WHERE releases.is_current = 1 /* part of staged.line_number */ /* shard of under */
ORDER BY staged.release_key, staged.line_number

-- rows ended_spans
SELECT /* spans.shard, */ feed_key, base_id, occurrence, first_position, last_position FROM spans
WHERE release_key IS NULL /* part of spans.base_id */ /* shard of spans */
ORDER BY CASE WHEN base_id < 0 THEN 1 ELSE 0 END, base_id, occurrence, feed_key, first_position

-- rows release_months
SELECT sums.release_key, under.month, under.framework, under.lot, under.sector,
    under.supplier_size, sum(sums.line_count) AS line_count, sum(sums.amount_pence) AS amount_pence
FROM sums JOIN under ON under.under_key = sums.under_key
GROUP BY sums.release_key, under.month, under.framework, under.lot, under.sector,
    under.supplier_size
ORDER BY sums.release_key, under.month, under.framework NULLS FIRST, under.lot NULLS FIRST,
    under.sector NULLS FIRST, under.supplier_size NULLS FIRST

-- rows published_categories
SELECT sums.release_key, under.framework_published, under.lot_published, under.sector_published,
    under.supplier_size_published, under.framework, under.lot, under.sector, under.supplier_size,
    sum(sums.line_count) AS line_count, sum(sums.amount_pence) AS amount_pence
FROM sums JOIN under ON under.under_key = sums.under_key
GROUP BY sums.release_key, under.framework_published, under.lot_published, under.sector_published,
    under.supplier_size_published, under.framework, under.lot, under.sector, under.supplier_size
ORDER BY sums.release_key, under.framework_published NULLS FIRST, under.lot_published NULLS FIRST,
    under.sector_published NULLS FIRST, under.supplier_size_published NULLS FIRST,
    under.framework NULLS FIRST, under.lot NULLS FIRST, under.sector NULLS FIRST,
    under.supplier_size NULLS FIRST

-- rows release_sizes
SELECT sums.release_key, supplier_names.supplier_key, under.supplier_size,
    min(under.month) AS first_month, max(under.month) AS last_month,
    sum(sums.line_count) AS line_count, sum(sums.amount_pence) AS amount_pence
FROM sums
JOIN under ON under.under_key = sums.under_key
JOIN supplier_names ON supplier_names.supplier_name_id = sums.supplier_name_id
GROUP BY sums.release_key, supplier_names.supplier_key, under.supplier_size
ORDER BY sums.release_key, supplier_names.supplier_key, under.supplier_size NULLS FIRST

-- rows changes_keyed
SELECT release_key, previous_key AS previous_release_key, month, supplier_key, buyer_key,
    sum(before_count) AS before_count, sum(after_count) AS after_count,
    sum(before_pence) AS before_pence, sum(after_pence) AS after_pence
FROM (
    SELECT followers.release_key, followers.previous_key, pairs.month, pairs.supplier_key,
        pairs.buyer_key, pairs.line_count AS before_count, NULL AS after_count,
        pairs.amount_pence AS before_pence, NULL AS after_pence
    FROM followers JOIN pairs ON pairs.release_key = followers.previous_key
    WHERE 1 = 1 /* part of pairs.month */
    UNION ALL
    SELECT followers.release_key, followers.previous_key, pairs.month, pairs.supplier_key,
        pairs.buyer_key, NULL, pairs.line_count, NULL, pairs.amount_pence
    FROM followers JOIN pairs ON pairs.release_key = followers.release_key
    WHERE 1 = 1 /* part of pairs.month */
) AS both_sides
GROUP BY release_key, previous_key, month, supplier_key, buyer_key
HAVING sum(before_pence) IS DISTINCT FROM sum(after_pence)
    OR sum(before_count) IS DISTINCT FROM sum(after_count)
ORDER BY month, release_key, supplier_key, buyer_key

-- table pair_months
SELECT buyer_key, supplier_key, month, financial_year, categories_key, supplier_size, release_key,
    sum(line_count) AS line_count, sum(amount_pence) AS amount_pence,
    sum(sale_count) AS sale_count, sum(sale_pence) AS sale_pence
FROM current_sums
WHERE 1 = 1 /* part of current_sums.buyer_key */
GROUP BY buyer_key, supplier_key, month, financial_year, categories_key, supplier_size, release_key

-- rows pair_months_keyed
SELECT buyer_key, supplier_key, month, categories_key, release_key, line_count, amount_pence,
    sale_count, sale_pence
FROM pair_months
WHERE 1 = 1 /* part of pair_months.buyer_key */
ORDER BY buyer_key, month, supplier_key, categories_key, release_key

-- rows supplier_months_keyed
SELECT sums.supplier_key, sums.month, sums.supplier_size, sums.line_count, sums.amount_pence,
    sold.buyer_count
FROM (
    SELECT supplier_key, month, supplier_size, sum(line_count) AS line_count,
        sum(amount_pence) AS amount_pence
    FROM pair_months
    WHERE 1 = 1 /* large part of pair_months.supplier_key */
    GROUP BY supplier_key, month, supplier_size
) AS sums
JOIN (
    SELECT supplier_key, month,
        count(DISTINCT CASE WHEN sale_count > 0 THEN buyer_key END) AS buyer_count
    FROM pair_months
    WHERE 1 = 1 /* large part of pair_months.supplier_key */
    GROUP BY supplier_key, month
) AS sold ON sold.supplier_key = sums.supplier_key AND sold.month = sums.month
ORDER BY sums.supplier_key, sums.month, sums.supplier_size NULLS FIRST

-- rows buyer_months_keyed
SELECT sums.buyer_key, sums.month, sums.supplier_size, sums.line_count, sums.amount_pence,
    sold.supplier_count
FROM (
    SELECT buyer_key, month, supplier_size, sum(line_count) AS line_count,
        sum(amount_pence) AS amount_pence
    FROM pair_months
    WHERE 1 = 1 /* large part of pair_months.buyer_key */
    GROUP BY buyer_key, month, supplier_size
) AS sums
JOIN (
    SELECT buyer_key, month,
        count(DISTINCT CASE WHEN sale_count > 0 THEN supplier_key END) AS supplier_count
    FROM pair_months
    WHERE 1 = 1 /* large part of pair_months.buyer_key */
    GROUP BY buyer_key, month
) AS sold ON sold.buyer_key = sums.buyer_key AND sold.month = sums.month
ORDER BY sums.buyer_key, sums.month, sums.supplier_size NULLS FIRST

-- rows supplier_years
SELECT supplier_key, financial_year, sum(line_count) AS line_count, sum(amount_pence) AS amount_pence,
    sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
        WHEN supplier_size IS NOT NULL THEN 0 END) AS sme_pence,
    count(DISTINCT CASE WHEN sale_count > 0 THEN buyer_key END) AS buyer_count,
    count(DISTINCT CASE WHEN sale_count > 0 AND supplier_size = 'SME' THEN buyer_key END)
        AS sme_buyer_count
FROM pair_months
WHERE 1 = 1 /* large part of pair_months.supplier_key */
GROUP BY supplier_key, financial_year
ORDER BY supplier_key, financial_year

-- rows buyer_years
SELECT buyer_key, financial_year, sum(line_count) AS line_count, sum(amount_pence) AS amount_pence,
    sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
        WHEN supplier_size IS NOT NULL THEN 0 END) AS sme_pence,
    count(DISTINCT CASE WHEN sale_count > 0 THEN supplier_key END) AS supplier_count,
    count(DISTINCT CASE WHEN sale_count > 0 AND supplier_size = 'SME' THEN supplier_key END)
        AS sme_count
FROM pair_months
WHERE 1 = 1 /* large part of pair_months.buyer_key */
GROUP BY buyer_key, financial_year
ORDER BY buyer_key, financial_year

-- rows pair_years
SELECT buyer_key, supplier_key, financial_year, framework, lot, sector, supplier_size,
    sum(line_count) AS line_count, sum(amount_pence) AS amount_pence,
    sum(sale_count) AS sale_count, sum(sale_pence) AS sale_pence,
    min(month) AS first_month, max(month) AS last_month,
    min(CASE WHEN sale_count > 0 THEN month END) AS first_sale_month,
    max(CASE WHEN sale_count > 0 THEN month END) AS last_sale_month
FROM current_sums
WHERE 1 = 1 /* part of current_sums.buyer_key */
GROUP BY buyer_key, supplier_key, financial_year, framework, lot, sector, supplier_size
ORDER BY buyer_key, supplier_key, financial_year, framework NULLS FIRST, lot NULLS FIRST,
    sector NULLS FIRST, supplier_size NULLS FIRST

-- table pair_totals
SELECT buyer_key, supplier_key, supplier_size, buyer_name_id, supplier_name_id,
    sum(line_count) AS line_count, sum(amount_pence) AS amount_pence,
    sum(sale_count) AS sale_count, sum(sale_pence) AS sale_pence,
    min(month) AS first_month, max(month) AS last_month, min(first_sale_month) AS first_sale_month,
    max(CASE WHEN sale_count > 0 THEN month END) AS last_sale_month,
    sum(CASE WHEN month = first_sale_month THEN sale_pence ELSE 0 END) AS first_sale_pence
FROM (
    SELECT buyer_key, supplier_key, supplier_size, buyer_name_id, supplier_name_id, month,
        line_count, amount_pence, sale_count, sale_pence,
        min(CASE WHEN sale_count > 0 THEN month END) OVER (
            PARTITION BY buyer_key, supplier_key, supplier_size, buyer_name_id, supplier_name_id
        ) AS first_sale_month
    FROM current_sums
    WHERE 1 = 1 /* part of current_sums.buyer_key */
) AS dated
GROUP BY buyer_key, supplier_key, supplier_size, buyer_name_id, supplier_name_id

-- rows pair_totals
SELECT supplier_size, buyer_name_id, supplier_name_id, line_count, amount_pence, sale_count,
    sale_pence, first_month, last_month, first_sale_month, last_sale_month, first_sale_pence
FROM pair_totals
WHERE 1 = 1 /* part of pair_totals.buyer_key */
ORDER BY buyer_key, supplier_key, supplier_size NULLS FIRST, buyer_name_id, supplier_name_id

-- rows supplier_sizes
SELECT supplier_key, supplier_size, sum(line_count) AS line_count, sum(amount_pence) AS amount_pence,
    count(DISTINCT CASE WHEN sale_count > 0 THEN buyer_key END) AS buyer_count,
    min(first_month) AS first_month, max(last_month) AS last_month,
    min(first_sale_month) AS first_sale_month, max(last_sale_month) AS last_sale_month
FROM pair_totals
GROUP BY supplier_key, supplier_size
ORDER BY supplier_key, supplier_size NULLS FIRST

-- table supplier_totals
-- Where no size was published it is not known what was of SMEs.
SELECT supplier_key, sum(line_count) AS line_count, sum(amount_pence) AS amount_pence,
    sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
        WHEN supplier_size IS NOT NULL THEN 0 END) AS sme_pence,
    count(DISTINCT CASE WHEN sale_count > 0 THEN buyer_key END) AS buyer_count,
    min(first_sale_month) AS first_sale_month, max(last_sale_month) AS last_sale_month,
    min(CASE WHEN supplier_size = 'SME' THEN first_sale_month END) AS first_sme_month
FROM pair_totals
GROUP BY supplier_key

-- rows supplier_totals
SELECT supplier_key, line_count, amount_pence, sme_pence, buyer_count, first_sale_month,
    last_sale_month, first_sme_month
FROM supplier_totals
ORDER BY supplier_key

-- rows buyer_totals
-- Of suppliers that sold it as much the first by its id is the largest.
SELECT pairs.buyer_key, sum(pairs.line_count) AS line_count,
    sum(pairs.amount_pence) AS amount_pence, sum(pairs.sme_pence) AS sme_pence,
    sum(pairs.sold) AS supplier_count, count(pairs.first_sme_month) AS sme_count,
    count(CASE WHEN pairs.first_sme_month = supplier_totals.first_sme_month THEN 1 END)
        AS first_sale_count,
    min(pairs.first_sale_month) AS first_sale_month, max(pairs.last_sale_month) AS last_sale_month,
    max(CASE WHEN pairs.place = 1 THEN pairs.supplier_key END) AS largest_supplier_key,
    max(pairs.amount_pence) AS largest_pence
FROM (
    SELECT buyer_key, supplier_key, line_count, amount_pence, sme_pence, sold, first_sale_month,
        last_sale_month, first_sme_month,
        row_number() OVER (PARTITION BY buyer_key ORDER BY amount_pence DESC, supplier_key) AS place
    FROM (
        SELECT buyer_key, supplier_key, sum(line_count) AS line_count,
            sum(amount_pence) AS amount_pence,
            sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
                WHEN supplier_size IS NOT NULL THEN 0 END) AS sme_pence,
            max(CASE WHEN sale_count > 0 THEN 1 ELSE 0 END) AS sold,
            min(first_sale_month) AS first_sale_month, max(last_sale_month) AS last_sale_month,
            min(CASE WHEN supplier_size = 'SME' THEN first_sale_month END) AS first_sme_month
        FROM pair_totals
        WHERE 1 = 1 /* part of pair_totals.buyer_key */
        GROUP BY buyer_key, supplier_key
    ) AS summed
) AS pairs
JOIN supplier_totals ON supplier_totals.supplier_key = pairs.supplier_key
GROUP BY pairs.buyer_key
ORDER BY pairs.buyer_key

-- rows party_months
SELECT sales.month, sales.supplier_count, sales.buyer_count,
    coalesce(new_suppliers.new_count, 0) AS new_supplier_count,
    coalesce(new_buyers.new_count, 0) AS new_buyer_count
FROM (
    SELECT month, count(DISTINCT supplier_key) AS supplier_count,
        count(DISTINCT buyer_key) AS buyer_count
    FROM pair_months WHERE sale_count > 0 GROUP BY month
) AS sales
LEFT JOIN (
    SELECT month, count(*) AS new_count
    FROM (SELECT min(first_sale_month) AS month FROM pair_totals GROUP BY supplier_key) AS firsts
    GROUP BY month
) AS new_suppliers ON new_suppliers.month = sales.month
LEFT JOIN (
    SELECT month, count(*) AS new_count
    FROM (SELECT min(first_sale_month) AS month FROM pair_totals GROUP BY buyer_key) AS firsts
    GROUP BY month
) AS new_buyers ON new_buyers.month = sales.month
ORDER BY sales.month

-- table sales
-- What is asked of sales by their suppliers lies together here, part by part.
SELECT supplier_names.supplier_key, under.supplier_size, staged.amount_pence
FROM staged
JOIN releases ON releases.release_key = staged.release_key
JOIN under ON under.under_key = staged.under_key
JOIN supplier_places ON supplier_places.supplier_place = staged.supplier_place
JOIN supplier_names ON supplier_names.supplier_name_id = supplier_places.supplier_name_id
WHERE releases.is_current = 1 AND staged.amount_pence > 0
    /* large part of supplier_names.supplier_key */

-- table usual_deals
-- The sale in the middle, or the two: by supplier as each size, and as any.
SELECT size_choice, supplier_key, min(amount_pence) AS low_pence, max(amount_pence) AS high_pence
FROM (
    SELECT coalesce(supplier_size, 'not-published') AS size_choice, supplier_key, amount_pence,
        row_number() OVER (PARTITION BY supplier_key, supplier_size ORDER BY amount_pence) AS place,
        count(*) OVER (PARTITION BY supplier_key, supplier_size) AS places
    FROM sales
    WHERE 1 = 1 /* part of sales.supplier_key */
    UNION ALL
    SELECT 'any', supplier_key, amount_pence,
        row_number() OVER (PARTITION BY supplier_key ORDER BY amount_pence),
        count(*) OVER (PARTITION BY supplier_key)
    FROM sales
    WHERE 1 = 1 /* part of sales.supplier_key */
) AS placed
WHERE 2 * place BETWEEN places AND places + 2
GROUP BY size_choice, supplier_key

-- rows usual_deals
SELECT size_choice, supplier_key, low_pence, high_pence FROM usual_deals
ORDER BY size_choice, supplier_key

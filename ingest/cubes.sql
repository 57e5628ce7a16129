-- Cubes of spend: lines added up by who sold to whom, so that no page has to read every line. Made
-- once, in this order, when every release is loaded; audit.sql proves each equal to the lines.
-- A sale is a line above nought. A cube of pairs lies in the order of its buyers.

-- name: pair_months
INSERT INTO pair_months
SELECT buyer_id, supplier_id, month, supplier_size, release_id,
    count(*), sum(amount_pence), sum(amount_pence > 0), sum(max(amount_pence, 0))
FROM spend NOT INDEXED
GROUP BY buyer_id, supplier_id, month, supplier_size, release_id
ORDER BY buyer_id, supplier_id, month, supplier_size, release_id;

-- name: pair_years
INSERT INTO pair_years
SELECT buyer_id, supplier_id, financial_year, framework, lot, sector, supplier_size,
    count(*), sum(amount_pence), sum(amount_pence > 0), sum(max(amount_pence, 0)),
    min(month), max(month),
    min(CASE WHEN amount_pence > 0 THEN month END), max(CASE WHEN amount_pence > 0 THEN month END)
FROM spend NOT INDEXED
GROUP BY buyer_id, supplier_id, financial_year, framework, lot, sector, supplier_size
ORDER BY buyer_id, supplier_id, financial_year, framework, lot, sector, supplier_size;

-- name: pair_totals
INSERT INTO pair_totals
WITH months AS (
    SELECT buyer_id, supplier_id, supplier_size, buyer_name_id, supplier_name_id, month,
        count(*) AS line_count, sum(amount_pence) AS amount_pence,
        sum(amount_pence > 0) AS sale_count, sum(max(amount_pence, 0)) AS sale_pence
    FROM spend NOT INDEXED
    GROUP BY buyer_id, supplier_id, supplier_size, buyer_name_id, supplier_name_id, month
),
placed AS (
    SELECT *, min(CASE WHEN sale_count > 0 THEN month END) OVER (
        PARTITION BY buyer_id, supplier_id, supplier_size, buyer_name_id, supplier_name_id
    ) AS first_sale_month
    FROM months
)
SELECT buyer_id, supplier_id, supplier_size, buyer_name_id, supplier_name_id,
    sum(line_count), sum(amount_pence), sum(sale_count), sum(sale_pence), min(month), max(month),
    first_sale_month, max(CASE WHEN sale_count > 0 THEN month END),
    sum(CASE WHEN month = first_sale_month THEN sale_pence ELSE 0 END)
FROM placed
GROUP BY buyer_id, supplier_id, supplier_size, buyer_name_id, supplier_name_id
ORDER BY buyer_id, supplier_id, supplier_size, buyer_name_id, supplier_name_id;

-- name: party_months
WITH sales AS (
    SELECT month, count(DISTINCT supplier_id) AS supplier_count,
        count(DISTINCT buyer_id) AS buyer_count
    FROM pair_months WHERE sale_count > 0 GROUP BY month
),
new_suppliers AS (
    SELECT month, count(*) AS new_count
    FROM (SELECT min(first_sale_month) AS month FROM pair_totals GROUP BY supplier_id)
    GROUP BY month
),
new_buyers AS (
    SELECT month, count(*) AS new_count
    FROM (SELECT min(first_sale_month) AS month FROM pair_totals GROUP BY buyer_id) GROUP BY month
)
INSERT INTO party_months
SELECT sales.month, supplier_count, buyer_count,
    coalesce(new_suppliers.new_count, 0), coalesce(new_buyers.new_count, 0)
FROM sales
LEFT JOIN new_suppliers ON new_suppliers.month = sales.month
LEFT JOIN new_buyers ON new_buyers.month = sales.month
ORDER BY sales.month;

-- name: usual_deals
INSERT INTO usual_deals
WITH sales AS (
    SELECT supplier_id, coalesce(supplier_size, 'not-published') AS size, amount_pence
    FROM spend NOT INDEXED WHERE amount_pence > 0
),
placed AS (
    SELECT size, supplier_id, amount_pence,
        row_number() OVER (PARTITION BY supplier_id, size ORDER BY amount_pence) AS place,
        count(*) OVER (PARTITION BY supplier_id, size) AS places
    FROM sales
    UNION ALL
    SELECT 'any', supplier_id, amount_pence,
        row_number() OVER (PARTITION BY supplier_id ORDER BY amount_pence),
        count(*) OVER (PARTITION BY supplier_id)
    FROM sales
)
-- The middle sale, or the mean of the two in the middle.
SELECT size, supplier_id, CAST(round(avg(amount_pence)) AS INTEGER)
FROM placed
WHERE 2 * place BETWEEN places AND places + 2
GROUP BY size, supplier_id;

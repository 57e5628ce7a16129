-- title: First sale size of SMEs
-- description: >-
--   How large the first sale of a small or medium-sized firm (SME) is: how many firms began with a
--   sale of each size.
-- measured: >-
--   Lines carry a month and no day, so a firm's first sale is all that it sold to all buyers in its
--   first month with a sale (a line above nought), in pounds excluding VAT. The firm counts where a
--   sale of that month is published as SME. Later credits are not taken off. The median is of all
--   these firms, half of which began with less.
-- caveats: [reported-by-suppliers, size-as-published, names-joined]
-- parameters:
--   since:
--     label: First sale in or after
--     kind: month
--     help: A month such as 2013-04. Left empty, every SME of the data is counted.
-- chart: {mark: bar, x: first_sale, y: [supplier_count]}
WITH asked AS (
    SELECT substr(nullif(:since, ''), 1, 7) || '-01' AS since
),
bands (first_sale, from_pence, below_pence) AS (
    VALUES ('under £1,000', 0, 100000),
        ('£1,000 to £4,999', 100000, 500000),
        ('£5,000 to £9,999', 500000, 1000000),
        ('£10,000 to £24,999', 1000000, 2500000),
        ('£25,000 to £49,999', 2500000, 5000000),
        ('£50,000 to £99,999', 5000000, 10000000),
        ('£100,000 to £249,999', 10000000, 25000000),
        ('£250,000 or more', 25000000, 9223372036854775807)
),
months AS (
    SELECT supplier_id, first_sale_month AS month, sum(first_sale_pence) AS amount_pence,
        max(supplier_size = 'SME') AS is_sme,
        row_number() OVER (PARTITION BY supplier_id ORDER BY first_sale_month) AS place
    FROM pair_totals
    WHERE sale_count > 0
    GROUP BY supplier_id, first_sale_month
),
sales AS (
    SELECT months.supplier_id, months.amount_pence
    FROM months
    JOIN asked ON asked.since IS NULL OR months.month >= asked.since
    WHERE months.place = 1 AND months.is_sme = 1
),
placed AS (
    SELECT amount_pence, row_number() OVER (ORDER BY amount_pence) AS place,
        count(*) OVER () AS places
    FROM sales
),
median AS (
    -- The middle one, or the mean of the two in the middle.
    SELECT avg(amount_pence) AS pence FROM placed WHERE 2 * place BETWEEN places AND places + 2
),
counts AS (
    SELECT bands.first_sale, bands.from_pence, count(sales.supplier_id) AS supplier_count
    FROM bands
    LEFT JOIN sales ON sales.amount_pence >= bands.from_pence
        AND sales.amount_pence < bands.below_pence
    GROUP BY bands.from_pence
)
SELECT first_sale,
    supplier_count,
    round(100.0 * supplier_count / nullif(sum(supplier_count) OVER (), 0), 1) AS suppliers_pct,
    round(100.0 * sum(supplier_count) OVER (ORDER BY from_pence)
        / nullif(sum(supplier_count) OVER (), 0), 1) AS this_or_less_pct,
    round((SELECT pence FROM median) / 100.0, 2) AS median_amount
FROM counts
WHERE EXISTS (SELECT 1 FROM sales)
ORDER BY from_pence;

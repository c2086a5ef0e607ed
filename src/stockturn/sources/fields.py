"""What each field of the vocabulary is: a day, a figure, a code, or plain text; and what it means for its row."""

from __future__ import annotations

DATES = frozenset(
    [
        "date",
        "receipt_date",
        "ship_date",
        "order_date",
        "promised_date",
        "requested_date",
        "cancelled_on",
        "fulfilled_on",
        "valid_from",
        "start",
        "end",
        "as_of",
        "updated_at",
        "launched_on",
        "expiry",
        "received_on",
    ]
)

MONEY = (
    "unit_cost",
    "cost",
    "unit_price",
    "price_gross",
    "revenue",
    "amount_gross",
    "price",
    "amount",
    "in_value",
    "out_value",
    "value",
    "opening_value",
    "closing_value",
)
"""Fields that hold money."""

NUMBERS = frozenset(
    [
        "qty",
        "qty_received",
        "qty_returned",
        "qty_ordered",
        "qty_open",
        "qty_shipped",
        "qty_left",
        "in_qty",
        "out_qty",
        "opening_qty",
        "closing_qty",
        "on_hand",
        "reserved",
        "available",
        "book_qty",
        "counted_qty",
        "diff_qty",
        "gain_qty",
        "loss_qty",
        "tax_rate",
        "lead_time_days",
        "lead_time_sd",
        "review_days",
        "min_order_value",
        "payment_days",
        "moq",
        "order_multiple",
        "min_stock",
        "max_stock",
        "shelf_life_days",
        "volume",
        "uplift",
        "discount",
        "factor",
        "capacity",
        "target",
        "target_days",
        *MONEY,
    ]
)

CODES = frozenset(
    [
        "sku",
        "doc_no",
        "line_no",
        "order_no",
        "order_line",
        "part",
        "batch",
        "bin",
        "warehouse_code",
        "supplier_code",
        "year",
        "month",
    ]
)

HARD = frozenset(
    [
        "qty",
        "in_qty",
        "out_qty",
        "qty_received",
        "qty_ordered",
        "qty_open",
        "qty_left",
        "on_hand",
        "counted_qty",
        "diff_qty",
        "gain_qty",
        "loss_qty",
        "opening_qty",
        "closing_qty",
        "cost",
        "amount",
        "revenue",
        "amount_gross",
        "in_value",
        "out_value",
        "value",
        "opening_value",
        "closing_value",
    ]
)
"""Fields whose unreadable cell refuses the row: a quantity or an amount that is left out would change a sum.
Elsewhere the cell becomes empty, is counted and said."""

ITEM = ("sku", "name", "spec", "category", "brand", "unit")
"""What a group line says about the item of the lines below it."""

DOCUMENT = (
    "doc_no",
    "date",
    "receipt_date",
    "ship_date",
    "order_date",
    "promised_date",
    "supplier",
    "supplier_code",
    "customer",
    "partner",
    "warehouse",
    "warehouse_code",
    "from_warehouse",
    "to_warehouse",
    "status",
    "close_status",
    "doc_type",
    "doc_class",
    "in_out_class",
    "reason",
    "currency",
    "buyer",
    "seller",
    "order_no",
    "cancelled_on",
    "fulfilled_on",
    "as_of",
    "org",
)
"""What the first line of a document may say for all its lines."""

DATE_FILL_SHARE = 0.2
"""Where there are no document numbers: blank dates on at least this share of rows, and no date repeated on the next
line, are a date written once per block; else they are missing dates."""

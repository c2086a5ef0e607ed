"""What is shown: terminal, JSON, CSV, Parquet, workbook and page, all from the same frames."""

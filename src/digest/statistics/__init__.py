"""One page that shows how the list grew: figures, plots and tables, in one file that asks nobody for anything."""

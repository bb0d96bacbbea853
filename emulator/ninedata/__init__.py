"""NineData: the precheck of a data comparison."""

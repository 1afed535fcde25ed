"""What the pages that explain networks show: Inside, Memory, Compare."""

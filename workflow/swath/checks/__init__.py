"""What is wrong with the input, found before anything is computed: from headers, tables and file sizes alone."""

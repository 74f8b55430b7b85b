// Placeholder of the layout.

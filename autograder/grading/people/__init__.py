"""The people of a class: who is who, whatever a platform calls them."""

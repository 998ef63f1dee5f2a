"""The use cases around the list of readers: put them on it, take them off it, show it, write it out, forget them."""

"""The pages. Streamlit lives here and nowhere else; there is no arithmetic of its own."""

"""What the plugins of this site share: wording of figures, the edition, charts and home page."""

"""The default engine: Unicorn and our native core, installed by pip."""

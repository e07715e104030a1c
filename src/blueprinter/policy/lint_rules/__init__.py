"""The rules of `policy lint`, one module an idea; `blueprinter.policy.lint` holds their one table."""

-- The application as the browser called it that a person came to Security Management from: their own pages are there.

alter table session add column application text
  check (length(application) <= 310 and application ~ '^https?://[^/?#@[:space:]]+$');

"""What a message says: Alertmanager's templates, in alertmanager/templates/pipelines.tmpl.

What is shown of a log is anybody's text: in Slack `<!channel>` would call everybody, so it is escaped there.
"""

TITLE = '{{ template "pipelines.title" . }}'
TEXT = '{{ template "pipelines.text" . }}'
SLACK_TITLE = '{{ template "pipelines.slack.title" . }}'
SLACK_TEXT = '{{ template "pipelines.slack.text" . }}'
FIRING = '{{ template "pipelines.alerts" .Alerts.Firing }}'
RESOLVED = '{{ template "pipelines.alerts" .Alerts.Resolved }}'
RUNBOOK = "{{ (index .Alerts 0).Annotations.runbook_url }}"
DASHBOARD = "{{ (index .Alerts 0).Annotations.dashboard_url }}"

MESSAGES = """\
{{/* Rendered by `pipeline-exporter render` from exporter/render/messages.py: edit that, not this file. */}}

{{ define "pipelines.title" -}}
  {{ $alerts := .Alerts }}{{ if .Alerts.Firing }}{{ $alerts = .Alerts.Firing }}{{ end -}}
  [{{ .Status | toUpper }}] {{ (index $alerts 0).Annotations.summary -}}
  {{ if gt (len $alerts) 1 }}, one of {{ len $alerts }} alerts{{ end -}}
{{ end }}

{{ define "pipelines.text" -}}
  {{ template "pipelines.alerts" .Alerts.Firing -}}
  {{ if .Alerts.Resolved }}Resolved:

{{ template "pipelines.alerts" .Alerts.Resolved }}{{ end -}}
{{ end }}

{{ define "pipelines.alerts" }}{{ range . -}}
{{ .Annotations.summary }}
{{ .Annotations.description }}
Value: {{ .Annotations.value }}, limit: {{ .Annotations.limit }}{{ with .Labels.run_id }}, run: {{ . }}{{ end }}
Runbook: {{ .Annotations.runbook_url }}
Dashboard: {{ .Annotations.dashboard_url }}

{{ end }}{{ end }}

{{ define "pipelines.slack.title" -}}
  {{ $alerts := .Alerts }}{{ if .Alerts.Firing }}{{ $alerts = .Alerts.Firing }}{{ end -}}
  [{{ .Status | toUpper }}] {{ template "pipelines.slack.escaped" (index $alerts 0).Annotations.summary -}}
  {{ if gt (len $alerts) 1 }}, one of {{ len $alerts }} alerts{{ end -}}
{{ end }}

{{ define "pipelines.slack.text" -}}
  {{ template "pipelines.slack.alerts" .Alerts.Firing -}}
  {{ if .Alerts.Resolved }}*Resolved:*

{{ template "pipelines.slack.alerts" .Alerts.Resolved }}{{ end -}}
{{ end }}

{{ define "pipelines.slack.alerts" }}{{ range . -}}
*{{ template "pipelines.slack.escaped" .Annotations.summary }}*
{{ template "pipelines.slack.escaped" .Annotations.description }}
Value: {{ template "pipelines.slack.escaped" .Annotations.value -}}
, limit: {{ template "pipelines.slack.escaped" .Annotations.limit -}}
{{ with .Labels.run_id }}, run: {{ template "pipelines.slack.escaped" . }}{{ end }}
<{{ .Annotations.runbook_url }}|Runbook> · <{{ .Annotations.dashboard_url }}|Dashboard>

{{ end }}{{ end }}

{{ define "pipelines.slack.escaped" -}}
  {{ . | reReplaceAll "&" "&amp;" | reReplaceAll "<" "&lt;" | reReplaceAll ">" "&gt;" -}}
{{ end }}
"""

#include "orchestrator/gateway/kernel/absent_routes.h"

#include "absl/strings/str_cat.h"

namespace orch::gateway {
namespace {

struct Absent {
  const char* method;
  const char* path;
  // As the SDK calls it.
  const char* operation;
  Access access = Access::kApiKey;
};

constexpr Absent kAbsent[] = {
    {"GET", "/browsers/{id}/webdriver", "webdriver", Access::kBrowserUrl},
    {"POST", "/browsers/{id}/curl", "browsers.curl"},
    {"POST", "/browsers/{id}/extensions", "browsers.loadExtensions"},
    {"GET", "/browsers/{id}/telemetry/events", "browsers.telemetry.events"},
    {"GET", "/browsers/{id}/telemetry/stream", "browsers.telemetry.stream"},
    {"GET", "/extensions", "extensions.list"},
    {"DELETE", "/extensions/{id_or_name}", "extensions.delete"},
    {"GET", "/extensions/{id_or_name}", "extensions.download"},
    {"GET", "/extensions/from_chrome_store", "extensions.downloadFromChromeStore"},
    {"GET", "/extensions/{id_or_name}/metadata", "extensions.get"},
    {"POST", "/extensions", "extensions.upload"},
    {"POST", "/profiles", "profiles.create"},
    {"GET", "/profiles/{id_or_name}", "profiles.retrieve"},
    {"PATCH", "/profiles/{id_or_name}", "profiles.update"},
    {"GET", "/profiles", "profiles.list"},
    {"DELETE", "/profiles/{id_or_name}", "profiles.delete"},
    {"GET", "/profiles/{id_or_name}/download", "profiles.download"},
    {"POST", "/proxies", "proxies.create"},
    {"GET", "/proxies/{id}", "proxies.retrieve"},
    {"PATCH", "/proxies/{id}", "proxies.update"},
    {"GET", "/proxies", "proxies.list"},
    {"DELETE", "/proxies/{id}", "proxies.delete"},
    {"POST", "/proxies/{id}/check", "proxies.check"},
    {"POST", "/auth/connections", "auth.connections.create"},
    {"GET", "/auth/connections/{id}", "auth.connections.retrieve"},
    {"PATCH", "/auth/connections/{id}", "auth.connections.update"},
    {"GET", "/auth/connections", "auth.connections.list"},
    {"DELETE", "/auth/connections/{id}", "auth.connections.delete"},
    {"GET", "/auth/connections/{id}/events", "auth.connections.follow"},
    {"POST", "/auth/connections/{id}/login", "auth.connections.login"},
    {"POST", "/auth/connections/{id}/submit", "auth.connections.submit"},
    {"GET", "/auth/connections/{id}/timeline", "auth.connections.timeline"},
    {"POST", "/credentials", "credentials.create"},
    {"GET", "/credentials/{id_or_name}", "credentials.retrieve"},
    {"PATCH", "/credentials/{id_or_name}", "credentials.update"},
    {"GET", "/credentials", "credentials.list"},
    {"DELETE", "/credentials/{id_or_name}", "credentials.delete"},
    {"GET", "/credentials/{id_or_name}/totp-code", "credentials.totpCode"},
    {"POST", "/org/credential_providers", "credentialProviders.create"},
    {"GET", "/org/credential_providers/{id}", "credentialProviders.retrieve"},
    {"PATCH", "/org/credential_providers/{id}", "credentialProviders.update"},
    {"GET", "/org/credential_providers", "credentialProviders.list"},
    {"DELETE", "/org/credential_providers/{id}", "credentialProviders.delete"},
    {"GET", "/org/credential_providers/{id}/items", "credentialProviders.listItems"},
    {"POST", "/org/credential_providers/{id}/test", "credentialProviders.test"},
    {"POST", "/deployments", "deployments.create"},
    {"GET", "/deployments/{id}", "deployments.retrieve"},
    {"GET", "/deployments", "deployments.list"},
    {"DELETE", "/deployments/{id}", "deployments.delete"},
    {"GET", "/deployments/{id}/events", "deployments.follow"},
    {"GET", "/apps", "apps.list"},
    {"POST", "/invocations", "invocations.create"},
    {"GET", "/invocations/{id}", "invocations.retrieve"},
    {"PATCH", "/invocations/{id}", "invocations.update"},
    {"GET", "/invocations", "invocations.list"},
    {"DELETE", "/invocations/{id}/browsers", "invocations.deleteBrowsers"},
    {"GET", "/invocations/{id}/events", "invocations.follow"},
    {"GET", "/invocations/{id}/browsers", "invocations.listBrowsers"},
    {"GET", "/org/projects/{id}/limits", "projects.limits.retrieve"},
    {"PATCH", "/org/projects/{id}/limits", "projects.limits.update"},
    {"POST", "/org/projects", "projects.create"},
    {"GET", "/org/projects/{id}", "projects.retrieve"},
    {"PATCH", "/org/projects/{id}", "projects.update"},
    {"GET", "/org/projects", "projects.list"},
    {"DELETE", "/org/projects/{id}", "projects.delete"},
    {"GET", "/org/limits", "organization.limits.retrieve"},
    {"PATCH", "/org/limits", "organization.limits.update"},
    {"POST", "/org/api_keys", "apiKeys.create"},
    {"GET", "/org/api_keys/{id}", "apiKeys.retrieve"},
    {"PATCH", "/org/api_keys/{id}", "apiKeys.update"},
    {"GET", "/org/api_keys", "apiKeys.list"},
    {"DELETE", "/org/api_keys/{id}", "apiKeys.delete"},
    {"POST", "/org/api_keys/{id}/rotate", "apiKeys.rotate"},
    {"GET", "/audit-logs", "auditLogs.list"},
    {"GET", "/audit-logs/export/chunk", "auditLogs.exportChunk"},
};

}  // namespace

std::vector<Route> AbsentRoutes() {
  std::vector<Route> routes;
  for (const Absent& absent : kAbsent) {
    routes.push_back({absent.method, absent.path,
                      [operation = absent.operation](const std::shared_ptr<Call>& call) {
                        call->Fail(absl::UnimplementedError(
                            absl::StrCat(operation, " does not exist in this orchestrator yet")));
                      },
                      absent.access});
  }
  return routes;
}

}  // namespace orch::gateway

#include "orchestrator/snapshot/template.h"

#include <openssl/sha.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace orch {
namespace {

constexpr size_t kKeyBytes = 16;

// Fields as name=length:value. No two lists of fields have the same text, whatever is in the
// values.
class CanonicalText {
 public:
  void Add(absl::string_view name, absl::string_view value) {
    absl::StrAppend(&text_, name, "=", value.size(), ":", value, "\n");
  }
  void Add(absl::string_view name, uint32_t value) { Add(name, absl::StrCat(value)); }
  void Add(absl::string_view name, bool value) { Add(name, absl::string_view(value ? "1" : "0")); }

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void AddBrowser(CanonicalText& text, const BrowserSpec& spec) {
  // Every field by name: a new one does not compile until somebody decides whether it shapes a
  // guest. The last two do not.
  const auto& [image, headless, memory_mib, vcpus, viewport, kiosk_mode, timeout, standby_after] =
      spec;
  text.Add("image", absl::string_view(image));
  text.Add("headless", headless);
  text.Add("memory_mib", memory_mib);
  text.Add("vcpus", vcpus);
  text.Add("viewport",
           absl::string_view(viewport ? absl::StrCat(viewport->width_px, "x", viewport->height_px)
                                      : "none"));
  text.Add("kiosk_mode", kiosk_mode);
}

absl::string_view NameOf(Accelerator accelerator) {
  return accelerator == Accelerator::kKvm ? "kvm" : "tcg";
}

absl::string_view NameOf(TransportKind transport) {
  return transport == TransportKind::kVsock ? "vsock" : "virtio-serial";
}

}  // namespace

std::string TemplateKey(const TemplateSpec& spec) {
  const auto& [browser, image_digest, kernel_cmdline, scratch_mib, has_agent, accelerator,
               transport, cpu_model, machine_model, hypervisor_version] = spec;
  CanonicalText text;
  text.Add("format", absl::string_view("template-key-2"));
  AddBrowser(text, browser);
  text.Add("image_digest", absl::string_view(image_digest));
  text.Add("kernel_cmdline", absl::string_view(kernel_cmdline));
  text.Add("scratch_mib", scratch_mib);
  text.Add("has_agent", has_agent);
  text.Add("accelerator", NameOf(accelerator));
  text.Add("transport", NameOf(transport));
  text.Add("cpu_model", absl::string_view(cpu_model));
  text.Add("machine_model", absl::string_view(machine_model));
  text.Add("hypervisor_version", absl::string_view(hypervisor_version));
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.text().data()), text.text().size(), digest);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest), kKeyBytes));
}

bool IsTemplateKey(absl::string_view text) {
  return text.size() == 2 * kKeyBytes && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
         });
}

}  // namespace orch

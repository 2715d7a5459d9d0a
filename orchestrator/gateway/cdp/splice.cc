#include "orchestrator/gateway/cdp/splice.h"

#include <string>
#include <utility>

namespace orch::gateway {
namespace {

void Carry(std::shared_ptr<ByteConnection> from, std::shared_ptr<ByteConnection> to) {
  ByteConnection& source = *from;
  source.Read([from = std::move(from), to = std::move(to)](std::string bytes) mutable {
    if (bytes.empty()) {
      to->Close();
      return from->Close();
    }
    ByteConnection& sink = *to;
    sink.Write(std::move(bytes),
               [from = std::move(from), to = std::move(to)](bool written) mutable {
                 if (written) return Carry(std::move(from), std::move(to));
                 to->Close();
                 from->Close();
               });
  });
}

}  // namespace

void Splice(std::shared_ptr<ByteConnection> client, std::shared_ptr<ByteConnection> guest) {
  Carry(client, guest);
  Carry(std::move(guest), std::move(client));
}

}  // namespace orch::gateway

#include "orchestrator/server/key_service.h"

#include <utility>

#include "orchestrator/base/grpc_status.h"
#include "orchestrator/server/proto_time.h"

namespace orch {
namespace {

orchestrator::v1::Key KeyProto(const ApiKey& key) {
  orchestrator::v1::Key proto;
  proto.set_key_id(key.id.value());
  proto.set_name(key.name);
  *proto.mutable_created_at() = ToProto(key.created_at);
  return proto;
}

}  // namespace

grpc::ServerUnaryReactor* KeyService::CreateKey(grpc::CallbackServerContext* context,
                                                const orchestrator::v1::CreateKeyRequest* request,
                                                orchestrator::v1::CreateKeyResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  pool_.Run([this, request, response, reactor] {
    absl::StatusOr<ApiKeys::NewKey> made = keys_.Create(request->name());
    if (made.ok()) {
      *response->mutable_key() = KeyProto(made->key);
      response->set_secret(std::move(made->secret));
    }
    reactor->Finish(ToGrpcStatus(made.status()));
  });
  return reactor;
}

grpc::ServerUnaryReactor* KeyService::ListKeys(grpc::CallbackServerContext* context,
                                               const orchestrator::v1::ListKeysRequest* /*request*/,
                                               orchestrator::v1::ListKeysResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  for (const ApiKey& key : keys_.List()) *response->add_keys() = KeyProto(key);
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerUnaryReactor* KeyService::RevokeKey(grpc::CallbackServerContext* context,
                                                const orchestrator::v1::RevokeKeyRequest* request,
                                                orchestrator::v1::RevokeKeyResponse* /*response*/) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<ApiKeyId> id = ApiKeyId::Parse(request->key_id());
  if (!id.ok()) {
    reactor->Finish(ToGrpcStatus(id.status()));
    return reactor;
  }
  pool_.Run([this, id = *id, reactor] { reactor->Finish(ToGrpcStatus(keys_.Revoke(id))); });
  return reactor;
}

grpc::ServerUnaryReactor* KeyService::CheckKey(grpc::CallbackServerContext* context,
                                               const orchestrator::v1::CheckKeyRequest* request,
                                               orchestrator::v1::Key* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<ApiKey> key = keys_.Check(request->secret());
  if (key.ok()) *response = KeyProto(*key);
  reactor->Finish(ToGrpcStatus(key.status()));
  return reactor;
}

}  // namespace orch

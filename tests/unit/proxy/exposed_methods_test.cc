#include "orchestrator/proxy/exposed_methods.h"

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"

namespace orch {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

// Every method of every service in proto/guest/v1 but LifecycleService, from the files that exist.
std::vector<const MethodDescriptor*> MethodsToExpose() {
  std::vector<const MethodDescriptor*> methods;
  for (const auto& entry : std::filesystem::directory_iterator(ORCH_GUEST_PROTOS)) {
    const std::string name = absl::StrCat("guest/v1/", entry.path().filename().string());
    const FileDescriptor* file = DescriptorPool::generated_pool()->FindFileByName(name);
    EXPECT_NE(file, nullptr) << name
                             << " is not linked: name one of its messages in exposed_methods.cc";
    if (file == nullptr) continue;
    for (int i = 0; i < file->service_count(); ++i) {
      const ServiceDescriptor* service = file->service(i);
      if (service->name() == "LifecycleService") continue;
      for (int j = 0; j < service->method_count(); ++j) methods.push_back(service->method(j));
    }
  }
  return methods;
}

std::string PathOf(const MethodDescriptor& method) {
  return absl::StrCat("/", method.service()->full_name(), "/", method.name());
}

TEST(ExposedMethodsTest, HasEveryMethodWithItsShape) {
  const ExposedMethods exposed;
  const std::vector<const MethodDescriptor*> methods = MethodsToExpose();
  EXPECT_FALSE(methods.empty());
  for (const MethodDescriptor* method : methods) {
    const MethodShape* shape = exposed.Find(PathOf(*method));
    ASSERT_NE(shape, nullptr) << PathOf(*method) << ": see exposed_methods.cc";
    EXPECT_EQ(shape->client_streaming, method->client_streaming()) << PathOf(*method);
    EXPECT_EQ(shape->server_streaming, method->server_streaming()) << PathOf(*method);
  }
}

TEST(ExposedMethodsTest, ListsThePathsThatItFinds) {
  const ExposedMethods exposed;
  const std::vector<std::string> paths = exposed.Paths();
  EXPECT_EQ(paths.size(), MethodsToExpose().size());
  for (const std::string& path : paths) EXPECT_NE(exposed.Find(path), nullptr) << path;
}

TEST(ExposedMethodsTest, EveryRequestHasSessionIdAsFieldOne) {
  for (const MethodDescriptor* method : MethodsToExpose()) {
    const Descriptor* request = method->input_type();
    const FieldDescriptor* field = request->FindFieldByNumber(1);
    ASSERT_NE(field, nullptr) << request->full_name() << " lacks `string session_id = 1`";
    EXPECT_EQ(field->name(), "session_id") << request->full_name();
    EXPECT_EQ(field->type(), FieldDescriptor::TYPE_STRING) << request->full_name();
    EXPECT_FALSE(field->is_repeated()) << request->full_name();
  }
}

TEST(ExposedMethodsTest, HasNothingElse) {
  const ExposedMethods exposed;
  EXPECT_EQ(exposed.Find("/guest.v1.LifecycleService/AwaitReady"), nullptr);
  EXPECT_EQ(exposed.Find("/guest.v1.LifecycleService/GetStatus"), nullptr);
  EXPECT_EQ(exposed.Find("/guest.v1.ProcessService/"), nullptr);
  EXPECT_EQ(exposed.Find("guest.v1.ProcessService/Exec"), nullptr);
  EXPECT_EQ(exposed.Find(""), nullptr);
}

}  // namespace
}  // namespace orch

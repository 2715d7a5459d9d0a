#include <unistd.h>

#include <algorithm>
#include <thread>

#include "tests/integration/agent/filesystem_fixture.h"

namespace orch::agent {
namespace {

using guest::v1::ReadFileRequest;
using guest::v1::WriteFileRequest;
using ::orch::testing::IsOk;
using ::orch::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FileSystemFilesTest : public FileSystemFixture {
 protected:
  static std::string Noise(size_t size) {
    std::string noise(size, '\0');
    uint32_t x = 1;
    for (char& c : noise) c = static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
    return noise;
  }

  // The most memory that this process, which has both ends in it, had since `ForgetPeak`.
  static size_t PeakKib() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
      if (line.rfind("VmHWM:", 0) == 0) return std::stoul(line.substr(6));
    }
    return 0;
  }
  static void ForgetPeak() { std::ofstream("/proc/self/clear_refs") << "5"; }
};

TEST_F(FileSystemFilesTest, WritesAndReadsBack) {
  const std::string noise = Noise(3'000'000);
  const auto written = Write(Path("f"), noise);
  ORCH_ASSERT_OK(written);
  EXPECT_EQ(written->written_bytes(), noise.size());
  EXPECT_EQ(written->info().size_bytes(), noise.size());
  EXPECT_EQ(written->info().path(), Path("f"));
  EXPECT_TRUE(Contents(Path("f")) == noise);
  const auto read = Read(About<ReadFileRequest>(Path("f")));
  ORCH_ASSERT_OK(read);
  EXPECT_TRUE(*read == noise);
}

TEST_F(FileSystemFilesTest, SendsInfoFirst) {
  Put(Path("f"), "12345");
  ::chmod(Path("f").c_str(), 04711);
  grpc::ClientContext context;
  const auto stream = files_->ReadFile(&context, About<ReadFileRequest>(Path("f")));
  guest::v1::ReadFileResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.info().name(), "f");
  EXPECT_EQ(response.info().type(), guest::v1::FILE_TYPE_REGULAR);
  EXPECT_EQ(response.info().size_bytes(), 5u);
  EXPECT_EQ(response.info().mode(), 04711u);
  EXPECT_EQ(response.info().owner(), "root");
  EXPECT_EQ(response.info().group(), "root");
  EXPECT_EQ(response.info().modified_at().seconds(), Look(Path("f")).st_mtime);
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.data(), "12345");
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(FileSystemFilesTest, ReadsAPart) {
  Put(Path("f"), "0123456789");
  const struct {
    uint64_t offset;
    int64_t length;
    std::string part;
  } cases[] = {{0, -1, "0123456789"}, {3, 4, "3456"}, {8, 100, "89"}, {10, -1, ""}, {2, 0, ""}};
  for (const auto& test : cases) {
    auto request = About<ReadFileRequest>(Path("f"));
    request.set_offset(test.offset);
    if (test.length >= 0) request.set_length(static_cast<uint64_t>(test.length));
    const auto part = Read(request);
    ORCH_ASSERT_OK(part);
    EXPECT_EQ(*part, test.part);
  }
}

TEST_F(FileSystemFilesTest, ReadsFilesOfProcWhoseSizeIsNotKnown) {
  auto request = About<ReadFileRequest>("/proc/self/status");
  const auto all = Read(request);
  ORCH_ASSERT_OK(all);
  EXPECT_THAT(*all, HasSubstr("VmHWM"));
  request.set_offset(6);
  request.set_length(4);
  ORCH_EXPECT_OK(Read(request));
}

TEST_F(FileSystemFilesTest, CreatesFilesOfTheDefaultUser) {
  ORCH_ASSERT_OK(Write(Path("f"), "1"));
  EXPECT_EQ(Look(Path("f")).st_uid, Uid(kDefaultUser));
  EXPECT_EQ(ModeOf(Path("f")), 0644u);
  auto request = About<WriteFileRequest>(Path("g"));
  request.set_mode(0777);
  ORCH_ASSERT_OK(Write(request, ""));
  EXPECT_EQ(ModeOf(Path("g")), 0777u);
  EXPECT_EQ(Contents(Path("g")), "");
}

TEST_F(FileSystemFilesTest, ReplacesContentsAndKeepsTheRestOfAFile) {
  Put(Path("f"), "something long");
  ::chmod(Path("f").c_str(), 0600);
  const ino_t inode = Look(Path("f")).st_ino;
  ORCH_ASSERT_OK(Write(Path("f"), "new"));
  EXPECT_EQ(Contents(Path("f")), "new");
  EXPECT_EQ(Look(Path("f")).st_ino, inode);
  EXPECT_EQ(Look(Path("f")).st_uid, 0u);
  EXPECT_EQ(ModeOf(Path("f")), 0600u);
}

TEST_F(FileSystemFilesTest, WritesAtAnOffset) {
  Put(Path("f"), "0123456789");
  auto request = About<WriteFileRequest>(Path("f"));
  request.set_offset(3);
  ORCH_ASSERT_OK(Write(request, "xyz"));
  EXPECT_EQ(Contents(Path("f")), "012xyz6789");
  request.set_offset(12);
  ORCH_ASSERT_OK(Write(request, "!"));
  EXPECT_EQ(Contents(Path("f")), std::string("012xyz6789\0\0!", 13));
  request.set_offset(0);
  request.set_path(Path("new"));
  ORCH_ASSERT_OK(Write(request, "1"));
  EXPECT_EQ(Contents(Path("new")), "1");
}

TEST_F(FileSystemFilesTest, Appends) {
  auto request = About<WriteFileRequest>(Path("f"));
  request.set_append(true);
  ORCH_ASSERT_OK(Write(request, "1"));
  ORCH_ASSERT_OK(Write(request, "2"));
  EXPECT_EQ(Contents(Path("f")), "12");
}

TEST_F(FileSystemFilesTest, ReplacesAtomically) {
  Put(Path("f"), "old");
  ::chmod(Path("f").c_str(), 0640);
  ASSERT_EQ(::chown(Path("f").c_str(), Uid(kOtherUser), 7), 0);
  const UniqueFd old(::open(Path("f").c_str(), O_RDONLY));
  auto request = About<WriteFileRequest>(Path("f"));
  request.set_atomic(true);
  ORCH_ASSERT_OK(Write(request, "new"));
  EXPECT_EQ(Contents(Path("f")), "new");
  char before[4] = {};
  EXPECT_EQ(::read(old.get(), before, 4), 3);
  EXPECT_STREQ(before, "old");
  EXPECT_EQ(ModeOf(Path("f")), 0640u);
  EXPECT_EQ(Look(Path("f")).st_uid, Uid(kOtherUser));
  EXPECT_EQ(Look(Path("f")).st_gid, 7u);
  EXPECT_THAT(NamesIn(dir_.path()), ElementsAre("f"));
}

TEST_F(FileSystemFilesTest, LeavesNothingOfAnAtomicWriteThatIsCancelled) {
  Put(Path("f"), "old");
  for (int i = 0; i < 50; ++i) {
    grpc::ClientContext context;
    guest::v1::WriteFileResponse response;
    const auto stream = files_->WriteFile(&context, &response);
    auto request = About<WriteFileRequest>(Path("f"));
    request.set_atomic(true);
    request.set_data("half");
    stream->Write(request);
    if (i % 2 == 0) stream->Write(WriteFileRequest());
    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  // Waits for what is still being served.
  StopService();
  EXPECT_EQ(Contents(Path("f")), "old");
  EXPECT_THAT(NamesIn(dir_.path()), ElementsAre("f"));
}

TEST_F(FileSystemFilesTest, LeavesNothingOfAnAtomicWriteWhoseConnectionBreaks) {
  grpc::ClientContext context;
  guest::v1::WriteFileResponse response;
  auto stream = files_->WriteFile(&context, &response);
  auto request = About<WriteFileRequest>(Path("f"));
  request.set_atomic(true);
  request.set_data("half");
  ASSERT_TRUE(stream->Write(request));
  // The agent's side goes away with the call under way.
  server_.reset();
  EXPECT_FALSE(stream->Finish().ok());
  stream.reset();
  StopService();
  EXPECT_THAT(NamesIn(dir_.path()), IsEmpty());
}

TEST_F(FileSystemFilesTest, ReplacesALinkItselfOnlyWhenAtomic) {
  Put(Path("target"), "old");
  std::filesystem::create_symlink("target", Path("l"));
  ORCH_ASSERT_OK(Write(Path("l"), "through"));
  EXPECT_EQ(Contents(Path("target")), "through");
  auto request = About<WriteFileRequest>(Path("l"));
  request.set_atomic(true);
  ORCH_ASSERT_OK(Write(request, "instead"));
  EXPECT_EQ(Contents(Path("target")), "through");
  EXPECT_FALSE(std::filesystem::is_symlink(Path("l")));
}

TEST_F(FileSystemFilesTest, CreatesOnlyWhenAsked) {
  auto request = About<WriteFileRequest>(Path("f"));
  request.set_create_only(true);
  ORCH_ASSERT_OK(Write(request, "1"));
  EXPECT_THAT(Write(request, "2"), StatusIs(absl::StatusCode::kAlreadyExists));
  request.set_atomic(true);
  EXPECT_THAT(Write(request, "2"), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(Contents(Path("f")), "1");
  request.set_path(Path("g"));
  ORCH_ASSERT_OK(Write(request, "3"));
  EXPECT_THAT(NamesIn(dir_.path()), ::testing::UnorderedElementsAre("f", "g"));
}

TEST_F(FileSystemFilesTest, CreatesParentsWhenAsked) {
  auto request = About<WriteFileRequest>(Path("a/b/f"));
  EXPECT_THAT(Write(request, "1"), StatusIs(absl::StatusCode::kNotFound));
  request.set_create_parents(true);
  ORCH_ASSERT_OK(Write(request, "1"));
  EXPECT_EQ(Contents(Path("a/b/f")), "1");
  EXPECT_EQ(Look(Path("a")).st_uid, Uid(kDefaultUser));
  EXPECT_EQ(ModeOf(Path("a/b")), 0755u);
}

TEST_F(FileSystemFilesTest, TakesNamesThatAreNotText) {
  const std::string path = Path("\xff\xfe\n");
  const auto written = Write(path, "1");
  ORCH_ASSERT_OK(written);
  EXPECT_EQ(written->info().name(), "\xff\xfe\n");
  ORCH_EXPECT_OK(Read(About<ReadFileRequest>(path)));
}

TEST_F(FileSystemFilesTest, SaysThatTheDiskIsFull) {
  const TmpfsMount small(Path("small"), "size=256k");
  const auto in_place = Write(small.path() + "/f", std::string(1'000'000, 'x'));
  EXPECT_THAT(in_place, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("/small/f")));
  std::filesystem::remove(small.path() + "/f");
  auto request = About<WriteFileRequest>(small.path() + "/g");
  request.set_atomic(true);
  EXPECT_THAT(Write(request, std::string(1'000'000, 'x')),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(NamesIn(small.path()), IsEmpty());
}

// Sanitizers keep memory that was freed.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(FileSystemFilesTest, CarriesAGibibyteInLittleMemory) {
  constexpr uint64_t kSize = uint64_t{1} << 30;
  Put(Path("sparse"), "begin");
  std::filesystem::resize_file(Path("sparse"), kSize);
  ForgetPeak();
  const size_t before = PeakKib();

  grpc::ClientContext read_context;
  const auto reader = files_->ReadFile(&read_context, About<ReadFileRequest>(Path("sparse")));
  grpc::ClientContext write_context;
  guest::v1::WriteFileResponse written;
  const auto writer = files_->WriteFile(&write_context, &written);
  auto request = About<WriteFileRequest>(Path("copy"));
  guest::v1::ReadFileResponse response;
  while (reader->Read(&response)) {
    request.set_data(response.data());
    ASSERT_TRUE(writer->Write(request));
    request = {};
  }
  writer->WritesDone();
  EXPECT_TRUE(writer->Finish().ok());
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(written.written_bytes(), kSize);
  EXPECT_EQ(std::filesystem::file_size(Path("copy")), kSize);
  EXPECT_LT(PeakKib(), before + (48u << 10));
}
#endif

TEST_F(FileSystemFilesTest, HoldsAWriterBackThatIsFasterThanTheDisk) {
  // Nobody takes what is read: the agent stops reading ahead.
  Put(Path("sparse"), "");
  std::filesystem::resize_file(Path("sparse"), uint64_t{1} << 30);
  grpc::ClientContext context;
  const auto stream = files_->ReadFile(&context, About<ReadFileRequest>(Path("sparse")));
  guest::v1::ReadFileResponse response;
  ASSERT_TRUE(stream->Read(&response));
  // Others are served meanwhile.
  ORCH_EXPECT_OK(Write(Path("f"), "1"));
  context.TryCancel();
  while (stream->Read(&response)) {
  }
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(FileSystemFilesTest, RefusesMoreStreamsThanConfigured) {
  StartService({.max_streams = 2});
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<guest::v1::ReadFileResponse>>> streams;
  Put(Path("sparse"), "");
  std::filesystem::resize_file(Path("sparse"), uint64_t{1} << 30);
  guest::v1::ReadFileResponse response;
  for (int i = 0; i < 2; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    streams.push_back(
        files_->ReadFile(contexts.back().get(), About<ReadFileRequest>(Path("sparse"))));
    ASSERT_TRUE(streams.back()->Read(&response));
  }
  EXPECT_THAT(Read(About<ReadFileRequest>(Path("sparse"))),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("2")));
  EXPECT_THAT(Write(Path("f"), "1"), StatusIs(absl::StatusCode::kResourceExhausted));
  for (auto& context : contexts) context->TryCancel();
  for (auto& stream : streams) {
    while (stream->Read(&response)) {
    }
    stream->Finish();
  }
}

}  // namespace
}  // namespace orch::agent

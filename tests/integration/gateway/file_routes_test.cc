#include "tests/integration/gateway/gateway_world.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

class FileRoutesTest : public GatewayTest {
 protected:
  // A form of `parts`, each a name and its contents.
  HttpAnswer SendForm(const std::string& path,
                      const std::vector<std::pair<std::string, std::string>>& parts) {
    std::string body;
    for (const auto& [name, contents] : parts) {
      absl::StrAppend(&body, "--b\r\nContent-Disposition: form-data; name=\"", name,
                      "\"; filename=\"f\"\r\n\r\n", contents, "\r\n");
    }
    return SendBytes("POST", path, "multipart/form-data; boundary=b", body + "--b--\r\n");
  }

  HttpAnswer SendBytes(const std::string& method, const std::string& path, const std::string& type,
                       const std::string& body) {
    RawHttp client(gateway_->port());
    client.Send(absl::StrCat(method, " ", path, " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n",
                             "Authorization: Bearer ", key_.secret, "\r\nContent-Type: ", type,
                             "\r\nContent-Length: ", body.size(), "\r\n\r\n", body));
    return ToAnswer(client.ReadToEnd());
  }

  const std::string base_ = absl::StrCat("/browsers/", MakeId(), "/fs/");
};

TEST_F(FileRoutesTest, FileInfoTellsWhatThereIs) {
  files_.Put("/a b", "xyz");
  const HttpAnswer answer = Ask("GET", base_ + "file_info?path=%2Fa%20b");
  EXPECT_EQ(answer.Json(), nlohmann::json({{"name", "a b"},
                                           {"path", "/a b"},
                                           {"size_bytes", 3},
                                           {"is_dir", false},
                                           {"mod_time", "2027-01-15T08:00:00.000Z"},
                                           {"mode", "-rwSr--r--"}}));
  EXPECT_EQ(Ask("GET", base_ + "file_info?path=/none").status, 404);
  EXPECT_EQ(Ask("GET", base_ + "file_info?path=a").status, 400);
  EXPECT_EQ(Ask("GET", base_ + "file_info").status, 400);
  EXPECT_EQ(Ask("GET", base_ + "file_info?path=/a&deep=1").status, 400);
}

TEST_F(FileRoutesTest, ListFilesHasAllPagesOfTheGuest) {
  for (const char* path : {"/a", "/b", "/c"}) files_.Put(path, "x");
  const nlohmann::json files = Ask("GET", base_ + "list_files?path=/").Json();
  ASSERT_EQ(files.size(), 3u);
  EXPECT_EQ(files[2]["path"], "/c");
}

TEST_F(FileRoutesTest, ReadFileStreamsIt) {
  files_.Put("/a", std::string(100'000, 'x'));
  const HttpAnswer answer = Ask("GET", base_ + "read_file?path=/a");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.head, HasSubstr("Content-Type: application/octet-stream"));
  EXPECT_EQ(std::count(answer.body.begin(), answer.body.end(), 'x'), 100'000);
  EXPECT_THAT(answer.body, EndsWith("\r\n0\r\n\r\n"));
  files_.Put("/empty", "");
  EXPECT_EQ(Ask("GET", base_ + "read_file?path=/empty").body, "0\r\n\r\n");
  EXPECT_EQ(Ask("GET", base_ + "read_file?path=/none").status, 404);
}

TEST_F(FileRoutesTest, ReadFileDoesNotLookWholeWhenItBreaks) {
  files_.Put("/broken", "half");
  const HttpAnswer answer = Ask("GET", base_ + "read_file?path=/broken");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, AllOf(HasSubstr("half"), Not(EndsWith("0\r\n\r\n"))));
}

TEST_F(FileRoutesTest, WriteFileTakesMoreThanABodyOfJsonMayHave) {
  const std::string contents(3 << 20, 'x');
  const HttpAnswer answer =
      SendBytes("PUT", base_ + "write_file?path=/a&mode=600", "application/octet-stream", contents);
  EXPECT_EQ(answer.status, 201) << answer.body;
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(files_.Contents("/a"), contents);
}

TEST_F(FileRoutesTest, WriteFileTakesChunksAndNothing) {
  RawHttp client(gateway_->port());
  client.Send(absl::StrCat(
      "PUT ", base_, "write_file?path=/a HTTP/1.1\r\nHost: h\r\n", "Authorization: Bearer ",
      key_.secret, "\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
  EXPECT_THAT(client.ReadResponse(), HasSubstr("HTTP/1.1 201"));
  EXPECT_EQ(files_.Contents("/a"), "abcde");
  // The connection goes on.
  client.Send(absl::StrCat("PUT ", base_, "write_file?path=/a HTTP/1.1\r\nHost: h\r\n",
                           "Authorization: Bearer ", key_.secret, "\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_THAT(client.ReadResponse(), HasSubstr("HTTP/1.1 201"));
  EXPECT_EQ(files_.Contents("/a"), "");
}

TEST_F(FileRoutesTest, WriteFileIsRefusedBeforeItsBodyHasCome) {
  for (const char* query : {"write_file?path=a", "write_file?path=/secret/x"}) {
    RawHttp client(gateway_->port());
    client.Send(absl::StrCat("PUT ", base_, query, " HTTP/1.1\r\nHost: h\r\n",
                             "Authorization: Bearer ", key_.secret,
                             "\r\nContent-Length: 1000000\r\n\r\nabc"));
    const std::string answer = client.ReadUntil("\r\n\r\n");
    EXPECT_THAT(answer, AllOf(HasSubstr(query[16] == '/' ? "HTTP/1.1 403" : "HTTP/1.1 400"),
                              HasSubstr("Connection: close")));
  }
}

TEST_F(FileRoutesTest, WriteFileEndsWithABrokenBody) {
  RawHttp client(gateway_->port());
  client.Send(absl::StrCat("PUT ", base_, "write_file?path=/a HTTP/1.1\r\nHost: h\r\n",
                           "Authorization: Bearer ", key_.secret,
                           "\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nnonsense\r\n"));
  EXPECT_THAT(client.ReadToEnd(), HasSubstr("HTTP/1.1 400"));
}

TEST_F(FileRoutesTest, UploadTakesEveryWayToNameItems) {
  EXPECT_EQ(SendForm(base_ + "upload", {{"files[0][dest_path]", "/a"},
                                        {"files[0][file]", "A"},
                                        {"files[1][file]", "B"},
                                        {"files[1][dest_path]", "/b"},
                                        {"files.dest_path", "/c"},
                                        {"files.file", "C"},
                                        {"dest_path", "/d"},
                                        {"file", ""}})
                .status,
            201);
  EXPECT_EQ(files_.Contents("/a"), "(parents)A");
  EXPECT_EQ(files_.Contents("/b"), "(parents)B");
  EXPECT_EQ(files_.Contents("/c"), "(parents)C");
  EXPECT_EQ(files_.Contents("/d"), "(parents)");
}

TEST_F(FileRoutesTest, UploadRefusesWhatIsWrong) {
  const std::string upload = base_ + "upload";
  EXPECT_EQ(SendForm(upload, {}).status, 400);
  EXPECT_THAT(SendForm(upload, {{"files[0][file]", "A"}}).Message(), HasSubstr("no dest_path"));
  EXPECT_THAT(SendForm(upload, {{"files[0][dest_path]", "/a"}}).Message(), HasSubstr("no file"));
  EXPECT_EQ(SendForm(upload, {{"files[0][dest_path]", "a"}, {"files[0][file]", ""}}).status, 400);
  EXPECT_THAT(SendForm(upload, {{"files[0][mode]", "1"}}).Message(), HasSubstr("files[0][mode]"));
  EXPECT_EQ(SendForm(upload, {{"dest_path", "/secret/a"}, {"file", "A"}}).status, 403);
  EXPECT_THAT(SendForm(upload, {{"file", std::string(5 << 20, 'x')}}).Message(),
              HasSubstr("send dest_path before file"));
  EXPECT_EQ(Ask("POST", upload, "{}").status, 415);
}

TEST_F(FileRoutesTest, ZipsGoBothWays) {
  EXPECT_EQ(SendForm(base_ + "upload_zip", {{"dest_path", "/d"}, {"zip_file", "PK"}}).status, 201);
  EXPECT_EQ(files_.Contents("/d"), "unpacked:(parents)PK");
  const HttpAnswer answer = Ask("GET", base_ + "download_dir_zip?path=/d");
  EXPECT_THAT(answer.head, HasSubstr("Content-Type: application/zip"));
  EXPECT_THAT(answer.body, AllOf(HasSubstr("packed:/d"), EndsWith("0\r\n\r\n")));
}

TEST_F(FileRoutesTest, OthersPassOn) {
  EXPECT_EQ(Ask("PUT", base_ + "create_directory", R"({"path":"/d","mode":"0700"})").status, 201);
  EXPECT_EQ(files_.last(), "path: \"/d\" mode: 448 parents: true");
  EXPECT_EQ(Ask("PUT", base_ + "delete_directory", R"({"path":"/d"})").status, 200);
  EXPECT_EQ(files_.last(), "path: \"/d\" recursive: true");
  EXPECT_EQ(Ask("PUT", base_ + "delete_file", R"({"path":"/f"})").status, 200);
  EXPECT_EQ(files_.last(), "path: \"/f\"");
  EXPECT_EQ(Ask("PUT", base_ + "move", R"({"src_path":"/f","dest_path":"/g"})").status, 200);
  EXPECT_EQ(files_.last(), "path: \"/f\" destination: \"/g\" overwrite: true");
  EXPECT_EQ(Ask("PUT", base_ + "set_file_permissions",
                R"({"path":"/f","mode":"755","owner":"root","group":"g"})")
                .status,
            200);
  EXPECT_EQ(files_.last(), "path: \"/f\" mode: 493 owner: \"root\" group: \"g\"");
}

TEST_F(FileRoutesTest, OthersRefuseWhatIsWrong) {
  EXPECT_THAT(Ask("PUT", base_ + "create_directory", R"({"path":"/d","mode":"999"})").Message(),
              HasSubstr("mode"));
  EXPECT_EQ(Ask("PUT", base_ + "delete_file", R"({"path":"f"})").status, 400);
  EXPECT_EQ(Ask("PUT", base_ + "delete_file", R"({"path":"/f","force":true})").status, 400);
  EXPECT_THAT(Ask("PUT", base_ + "set_file_permissions", R"({"path":"/f"})").Message(),
              HasSubstr("mode is required"));
  EXPECT_EQ(Ask("PUT", base_ + "delete_file", R"({"path":"/secret/f"})").status, 403);
}

TEST_F(FileRoutesTest, AWatchIsStartedFollowedAndStopped) {
  const HttpAnswer started = Ask("POST", base_ + "watch", R"({"path":"/d","recursive":true})");
  EXPECT_EQ(started.status, 201);
  EXPECT_EQ(started.Json()["watch_id"], "w-1");
  EXPECT_EQ(files_.last(), "path: \"/d\" recursive: true");
  files_.Happen("early");
  RawHttp client(gateway_->port());
  client.Send(absl::StrCat("GET ", base_, "watch/w-1/events HTTP/1.1\r\nHost: h\r\n",
                           "Authorization: Bearer ", key_.secret, "\r\n\r\n"));
  EXPECT_THAT(client.ReadUntil("\n\n"), HasSubstr("Content-Type: text/event-stream"));
  files_.Happen("late");
  EXPECT_THAT(
      client.ReadUntil("\n\n"),
      HasSubstr(R"(data: {"is_dir":false,"name":"late","path":"/d/late","type":"CREATE"})"));
  EXPECT_EQ(Ask("GET", base_ + "watch/w-1/events").status, 400);
  EXPECT_EQ(Ask("DELETE", base_ + "watch/w-1").status, 204);
  EXPECT_THAT(client.ReadUntil("0\r\n\r\n"), EndsWith("0\r\n\r\n"));
  files_.watch_ended().WaitForNotification();
}

TEST_F(FileRoutesTest, AWatchOfAnotherBrowserIsNotThere) {
  EXPECT_EQ(Ask("POST", base_ + "watch", R"({"path":"/d"})").status, 201);
  const std::string other = absl::StrCat("/browsers/", MakeId(), "/fs/watch/w-1");
  EXPECT_EQ(Ask("GET", other + "/events").status, 404);
  EXPECT_EQ(Ask("DELETE", other).status, 404);
  EXPECT_EQ(Ask("GET", base_ + "watch/w-2/events").status, 404);
  EXPECT_EQ(Ask("POST", base_ + "watch", R"({"path":"/secret"})").status, 403);
}

}  // namespace
}  // namespace orch::testing

# Third-party libraries, all Debian packages. Those that the guest agent uses are named as -lNAME
# and not by path, so that one set of our libraries can be linked into dynamic programs and into the static agent.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(GTest REQUIRED)
find_package(CLI11 REQUIRED)
find_package(SQLiteCpp REQUIRED)
find_package(Boost 1.81 REQUIRED)

pkg_check_modules(ABSL REQUIRED
  absl_status absl_statusor absl_synchronization absl_time absl_strings absl_str_format
  absl_flat_hash_map absl_flat_hash_set absl_any_invocable absl_cleanup absl_span
  absl_random_random absl_random_distributions)
pkg_check_modules(GRPC REQUIRED grpc++>=1.51 protobuf>=3.21)
pkg_check_modules(LIBVIRT REQUIRED IMPORTED_TARGET libvirt>=9 libvirt-qemu)
pkg_check_modules(PROMETHEUS REQUIRED prometheus-cpp-pull)
pkg_check_modules(TOMLPLUSPLUS REQUIRED tomlplusplus)
pkg_check_modules(XCB REQUIRED xcb xcb-randr xcb-shm xcb-xfixes xcb-xtest x11)
pkg_check_modules(PICTURE REQUIRED libjpeg libpng libwebp)
pkg_check_modules(SPDLOG REQUIRED spdlog)
pkg_check_modules(CRYPTO REQUIRED libcrypto)
pkg_check_modules(SSL REQUIRED libssl)
pkg_check_modules(XXHASH REQUIRED libxxhash)
pkg_check_modules(ARCHIVE REQUIRED libarchive>=3.6 libzstd zlib)

find_program(PROTOC protoc REQUIRED)
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)

add_library(orch_absl INTERFACE)
target_link_libraries(orch_absl INTERFACE ${ABSL_LDFLAGS} Threads::Threads)
add_library(orch::absl ALIAS orch_absl)

add_library(orch_grpc INTERFACE)
target_link_libraries(orch_grpc INTERFACE ${GRPC_LDFLAGS} orch::absl)
add_library(orch::grpc ALIAS orch_grpc)

# toml++ and spdlog are used header-only: their shared objects cannot go into the static agent.
add_library(orch_toml INTERFACE)
target_include_directories(orch_toml SYSTEM INTERFACE ${TOMLPLUSPLUS_INCLUDE_DIRS})
target_compile_definitions(orch_toml INTERFACE TOML_HEADER_ONLY=1 TOML_EXCEPTIONS=0)
add_library(orch::toml ALIAS orch_toml)

add_library(orch_spdlog INTERFACE)
target_compile_definitions(orch_spdlog INTERFACE SPDLOG_FMT_EXTERNAL FMT_HEADER_ONLY)
add_library(orch::spdlog ALIAS orch_spdlog)

add_library(orch_crypto INTERFACE)
target_link_libraries(orch_crypto INTERFACE ${CRYPTO_LDFLAGS})
add_library(orch::crypto ALIAS orch_crypto)

add_library(orch_ssl INTERFACE)
target_link_libraries(orch_ssl INTERFACE ${SSL_LDFLAGS})
add_library(orch::ssl ALIAS orch_ssl)

add_library(orch_xxhash INTERFACE)
target_link_libraries(orch_xxhash INTERFACE ${XXHASH_LDFLAGS})
add_library(orch::xxhash ALIAS orch_xxhash)

add_library(orch_prometheus INTERFACE)
target_link_libraries(orch_prometheus INTERFACE ${PROMETHEUS_LDFLAGS})
add_library(orch::prometheus ALIAS orch_prometheus)

add_library(orch_boost INTERFACE)
target_link_libraries(orch_boost INTERFACE Boost::headers)
add_library(orch::boost ALIAS orch_boost)

#include "tests/bench/nginx.h"

#include <fmt/format.h>

#include <fstream>

#include "tests/support/free_port.h"

namespace tillhost::bench {
namespace {

using base::Result;

/// {folder} of its own, {name} of its files, {inside} the block http.
constexpr const char* kConfig = R"(daemon off;
master_process off;
pid {folder}/{name}.pid;
error_log {folder}/{name}.log;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_body_buffer_size 64k;
  client_max_body_size 1m;
  keepalive_requests 1000000000;
  {inside}
}}
)";

constexpr const char* kNull = R"(default_type application/json;
  server {{
    listen 127.0.0.1:{port};
    location / {{ return 200 '{answer}'; }}
  }})";

constexpr const char* kProxy = R"(upstream null {{
    server 127.0.0.1:{null};
    keepalive 64;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.2 TLSv1.3;
    location / {{
      proxy_pass http://null;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }}
  }})";

}  // namespace

Result<std::unique_ptr<NginxPair>> NginxPair::start(Bench& bench, const std::string& certificate,
                                                    const std::string& key,
                                                    const std::string& answer) {
    std::unique_ptr<NginxPair> pair(new NginxPair);
    pair->folder_ = TRY(Folder::make());
    const std::uint16_t null_port = support::free_port();
    pair->null_ = TRY(pair->spawn(
        bench, "null", fmt::format(kNull, fmt::arg("port", null_port), fmt::arg("answer", answer)),
        null_port));
    pair->port_ = support::free_port();
    pair->proxy_ = TRY(
        pair->spawn(bench, "proxy",
                    fmt::format(kProxy, fmt::arg("null", null_port), fmt::arg("port", pair->port_),
                                fmt::arg("certificate", certificate), fmt::arg("key", key)),
                    pair->port_));
    return pair;
}

Result<std::unique_ptr<os::Child>> NginxPair::spawn(Bench& bench, const std::string& name,
                                                    const std::string& inside, std::uint16_t port) {
    const std::string& folder = folder_->path();
    const std::string config = fmt::format("{}/{}.conf", folder, name);
    std::ofstream(config) << fmt::format(kConfig, fmt::arg("folder", folder),
                                         fmt::arg("name", name), fmt::arg("inside", inside));
    bench.processors.be_service();
    auto spawned = os::Child::spawn(
        {.program = kNginx, .arguments = {"-p", folder, "-e", "stderr", "-c", config}});
    bench.processors.be_client();
    auto child = TRY(std::move(spawned));
    TRY(wait_listening(bench.clock, port, "nginx"));
    return child;
}

}  // namespace tillhost::bench

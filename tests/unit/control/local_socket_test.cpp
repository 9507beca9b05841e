// SPDX-License-Identifier: MIT
#include "control/local_socket.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <thread>

using namespace landfall;
using namespace std::chrono_literals;
using control::framing;
using control::local_server;

namespace {

constexpr local_server::time start{std::chrono::seconds(1000)};

class folder {
  public:
    folder() {
        std::string name = std::filesystem::temp_directory_path() / "landfall-socket-XXXXXX";
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~folder() { std::filesystem::remove_all(path_); }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    [[nodiscard]] std::filesystem::path operator/(const char* name) const { return path_ / name; }

  private:
    std::filesystem::path path_;
};

/// A client whose every octet the test decides. Never waits.
class raw_client {
  public:
    explicit raw_client(const std::filesystem::path& path)
        : socket_(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.c_str(), path.string().size());
        const void* generic = &address;
        REQUIRE(connect(socket_.get(), static_cast<const sockaddr*>(generic), sizeof address) == 0);
    }
    ssize_t say(std::string_view text) const {
        return send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    }
    void end() const { shutdown(socket_.get(), SHUT_WR); }
    /// All that has come; "CLOSED" at its end where the server closed.
    [[nodiscard]] std::string heard() const {
        std::string text;
        std::array<char, 4096> buffer{};
        for (;;) {
            const ssize_t count = recv(socket_.get(), buffer.data(), buffer.size(), 0);
            if (count <= 0) {
                return count == 0 || errno == ECONNRESET ? text + "CLOSED" : text;
            }
            text.append(buffer.data(), static_cast<std::size_t>(count));
        }
    }

  private:
    control::file_descriptor socket_;
};

std::string echo(std::string_view request) {
    return fmt::format("<{}>", request);
}

void steps(local_server& server, local_server::time now = start, int count = 8) {
    for (int i = 0; i < count; ++i) {
        server.serve(now, 0ms);
    }
}

} // namespace

TEST_CASE("control/local_socket: lines are answered by lines, one after the other") {
    const folder at;
    local_server server;
    REQUIRE(server.listen({at / "s", 0600, framing::line, echo}));
    const raw_client client(at / "s");
    client.say("one\ntwo\nth");
    steps(server);
    CHECK(client.heard() == "<one>\n<two>\n");
    client.say("ree\n\n");
    steps(server);
    CHECK(client.heard() == "<three>\n<>\n");
    client.say("last\nhalf");
    client.end();
    steps(server);
    CHECK(client.heard() == "<last>\nCLOSED");
    CHECK(server.clients() == 0);
}

TEST_CASE("control/local_socket: WireGuard's form ends with an empty line, both ways") {
    const folder at;
    local_server server;
    REQUIRE(server.listen({at / "s", 0600, framing::empty_line, [](std::string_view request) {
                               return echo(request) + "\nerrno=0\n";
                           }}));
    const raw_client client(at / "s");
    client.say("\nset=1\nlisten_port=7\n");
    steps(server);
    CHECK(client.heard().empty());
    client.say("\nget=1\n\n");
    steps(server);
    CHECK(client.heard() == "<set=1\nlisten_port=7>\nerrno=0\n\n<get=1>\nerrno=0\n\n");
}

TEST_CASE("control/local_socket: every way to cut a request gives the same answer") {
    const folder at;
    local_server server;
    REQUIRE(server.listen({at / "s", 0600, framing::empty_line, echo}));
    const std::string request = "set=1\na=b\n\nget=1\n\n";
    for (std::size_t cut = 0; cut <= request.size(); ++cut) {
        const raw_client client(at / "s");
        client.say(request.substr(0, cut));
        steps(server);
        client.say(request.substr(cut));
        steps(server);
        CHECK(client.heard() == "<set=1\na=b>\n\n<get=1>\n\n");
    }
}

TEST_CASE("control/local_socket: requests without an end are bounded") {
    const folder at;
    local_server server;
    REQUIRE(server.listen({at / "s", 0600, framing::line, echo}));
    const raw_client longest(at / "s");
    const std::string most(local_server::request_max - 1, 'x');
    longest.say(most + "\n");
    steps(server);
    std::string heard;
    for (int i = 0; i < 100 && heard.size() < most.size() + 3; ++i) {
        steps(server);
        heard += longest.heard();
    }
    CHECK(heard == echo(most) + "\n");
    const raw_client endless(at / "s");
    endless.say(most + "yz");
    steps(server);
    CHECK(endless.heard() == "CLOSED");
}

TEST_CASE(
    "control/local_socket: clients that hang cost the others nothing and are closed in time") {
    const folder at;
    local_server server;
    REQUIRE(server.listen({at / "s", 0600, framing::line, [](std::string_view request) {
                               return request == "big" ? std::string(8'000'000, 'x')
                                                       : echo(request);
                           }}));
    const raw_client silent(at / "s");
    const raw_client half(at / "s");
    half.say("hal");
    const raw_client deaf(at / "s");
    deaf.say("big\n");
    steps(server);
    const raw_client good(at / "s");
    good.say("one\n");
    steps(server, start + 9s);
    CHECK(good.heard() == "<one>\n");
    CHECK(server.clients() == 4);
    steps(server, start + local_server::patience);
    CHECK(silent.heard() == "CLOSED");
    CHECK(half.heard() == "CLOSED");
    CHECK(deaf.heard().ends_with("CLOSED"));
    CHECK(server.clients() == 1);
    good.say("two\n");
    steps(server, start + 18s);
    CHECK(good.heard() == "<two>\n");
}

TEST_CASE("control/local_socket: one too many takes the place of the one waited for longest") {
    const folder at;
    local_server server;
    REQUIRE(server.listen({at / "s", 0600, framing::line, echo}));
    const raw_client first(at / "s");
    steps(server);
    std::vector<std::unique_ptr<raw_client>> crowd;
    for (std::size_t i = 1; i < local_server::clients_max; ++i) {
        crowd.push_back(std::make_unique<raw_client>(at / "s"));
        steps(server, start + 1s);
    }
    CHECK(server.clients() == local_server::clients_max);
    const raw_client one_more(at / "s");
    one_more.say("hello\n");
    steps(server, start + 2s);
    CHECK(server.clients() == local_server::clients_max);
    CHECK(first.heard() == "CLOSED");
    CHECK(one_more.heard() == "<hello>\n");
}

TEST_CASE("control/local_socket: a client that asks much gets one answer a turn") {
    const folder at;
    int answered = 0;
    local_server server;
    REQUIRE(server.listen({at / "s", 0600, framing::line, [&answered](std::string_view) {
                               ++answered;
                               return std::string();
                           }}));
    const raw_client client(at / "s");
    client.say(std::string(1000, '\n'));
    server.serve(start, 0ms); // accepts
    server.serve(start, 0ms);
    CHECK(answered == 1);
    for (int i = 0; i < 1000; ++i) {
        server.serve(start, 0ms);
        static_cast<void>(client.heard());
    }
    CHECK(answered == 1000);
}

TEST_CASE("control/local_socket: a handler that throws, and a client that is gone") {
    const folder at;
    local_server server;
    REQUIRE(server.listen(
        {at / "s", 0600, framing::line, [](std::string_view request) -> std::string {
             return request == "throw" ? throw std::runtime_error("no") : echo(request);
         }}));
    const raw_client client(at / "s");
    client.say("throw\n");
    {
        const raw_client gone(at / "s");
        gone.say("a\nb\n");
    }
    steps(server);
    CHECK(client.heard() == "CLOSED");
    CHECK(server.clients() == 0);
}

TEST_CASE("control/local_socket: the file has its mode whatever the umask, and goes at the end") {
    const folder at;
    for (const mode_t mode : {0600U, 0660U}) {
        const mode_t before = umask(mode == 0600U ? 0U : 077U);
        {
            local_server server;
            REQUIRE(server.listen({at / "s", mode, framing::line, echo}));
            struct stat is{};
            REQUIRE(lstat((at / "s").c_str(), &is) == 0);
            CHECK((is.st_mode & 07777U) == mode);
        }
        umask(before);
        CHECK(!std::filesystem::exists(at / "s"));
    }
}

TEST_CASE("control/local_socket: a file left behind is replaced, anything else is left alone") {
    const folder at;
    {
        local_server left;
        REQUIRE(left.listen({at / "s", 0600, framing::line, echo}));
        std::filesystem::create_hard_link(at / "s", at / "stale");
    }
    local_server server;
    CHECK(server.listen({at / "stale", 0600, framing::line, echo}));
    local_server second;
    const auto taken = second.listen({at / "stale", 0600, framing::line, echo});
    REQUIRE(!taken);
    CHECK(taken.error().message.find("another gateway") != std::string::npos);
    std::ofstream(at / "file") << "precious";
    const auto no_socket = second.listen({at / "file", 0600, framing::line, echo});
    REQUIRE(!no_socket);
    CHECK(no_socket.error().message.find("is no socket") != std::string::npos);
    CHECK(std::filesystem::file_size(at / "file") == 8);
    CHECK(!second.listen({at / std::string(108, 'x').c_str(), 0600, framing::line, echo}));
    CHECK(!second.listen({at / "no/where", 0600, framing::line, echo}));
}

TEST_CASE("control/local_socket: a file that another put there is not removed") {
    const folder at;
    {
        local_server server;
        REQUIRE(server.listen({at / "s", 0600, framing::line, echo}));
        std::filesystem::remove(at / "s");
        std::ofstream(at / "s") << "other";
    }
    CHECK(std::filesystem::exists(at / "s"));
}

namespace {

/// A server on its own thread, as the gateway runs it.
class running {
  public:
    explicit running(control::local_listener listener) {
        REQUIRE(server_.listen(std::move(listener)));
        thread_ = std::jthread([this](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                server_.serve(std::chrono::steady_clock::now(), 20ms);
            }
        });
    }

  private:
    local_server server_;
    std::jthread thread_;
};

} // namespace

TEST_CASE("control/local_socket: the client's side") {
    const folder at;
    const std::string big(3'000'000, 'b');
    {
        const running server({at / "s", 0600, framing::line, [&big](std::string_view request) {
                                  return request == "big" ? big : echo(request);
                              }});
        CHECK(control::ask(at / "s", "hello", framing::line, 5s).value() == "<hello>");
        CHECK(control::ask(at / "s", "big", framing::line, 5s).value() == big);
    }
    const auto none = control::ask(at / "s", "hello", framing::line, 5s);
    REQUIRE(!none);
    CHECK(none.error().code == base::exit_code::try_again);
    CHECK(none.error().message.find("no gateway is running") != std::string::npos);
    local_server asleep;
    REQUIRE(asleep.listen({at / "s", 0600, framing::line, echo}));
    const auto silent = control::ask(at / "s", "hello", framing::line, 50ms);
    REQUIRE(!silent);
    CHECK(silent.error().code == base::exit_code::try_again);
    CHECK(silent.error().message.find("does not answer") != std::string::npos);
}

TEST_CASE("control/local_socket: stock wg reads an interface over WireGuard's form") {
    // wg looks in /run/wireguard alone: in a mount namespace of its own that is our folder.
    if (std::system("command -v wg >/dev/null 2>&1 && mkdir -p /run/wireguard 2>/dev/null && "
                    "unshare -m true 2>/dev/null") != 0) {
        MESSAGE("skipped: needs wg and root");
        return;
    }
    const folder at;
    const running server({at / "lf0.sock", 0600, framing::empty_line, [](std::string_view request) {
                              return request == "get=1"
                                         ? fmt::format("private_key={:1>64}\nlisten_port=51820\n"
                                                       "public_key={:2>64}\n"
                                                       "endpoint=198.51.100.7:51820\nrx_bytes=7\n"
                                                       "tx_bytes=9\nallowed_ip=10.77.0.0/24\n"
                                                       "errno=0",
                                                       "", "")
                                         : std::string("errno=22");
                          }});
    const std::string command =
        fmt::format("unshare -m sh -c 'mount --bind {} /run/wireguard && wg show lf0 dump' > {}",
                    (at / "").string(), (at / "out").string());
    REQUIRE(std::system(command.c_str()) == 0);
    std::ifstream out(at / "out");
    std::string text;
    for (std::string line; std::getline(out, line);) {
        text += line;
        text += '\n';
    }
    CHECK(text.find("\t51820\toff\n") != std::string::npos);
    CHECK(text.find("\t198.51.100.7:51820\t10.77.0.0/24\t0\t7\t9\toff\n") != std::string::npos);
}

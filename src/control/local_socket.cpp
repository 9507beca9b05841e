// SPDX-License-Identifier: MIT
#include "control/local_socket.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

namespace landfall::control {
namespace {

constexpr std::size_t reply_max = 16U << 20;

std::string_view delimiter_of(framing ends) noexcept {
    return ends == framing::line ? "\n" : "\n\n";
}

std::unexpected<base::failure> fail(const std::filesystem::path& path, std::string_view what,
                                    int code) {
    return std::unexpected(base::failure{fmt::format("{}: {}", path.string(), what), code});
}

std::unexpected<base::failure> fail_with(const std::filesystem::path& path, int error) {
    return fail(path, std::generic_category().message(error),
                error == EACCES || error == EPERM ? base::exit_code::no_permission
                                                  : base::exit_code::failed);
}

/// A path as a socket's address; none: it is too long.
struct socket_address {
    sockaddr_un address{};

    [[nodiscard]] static std::optional<socket_address> of(const std::filesystem::path& path) {
        socket_address made;
        made.address.sun_family = AF_UNIX;
        const std::string text = path.string();
        if (text.empty() || text.size() >= sizeof made.address.sun_path) {
            return std::nullopt;
        }
        std::memcpy(made.address.sun_path, text.data(), text.size());
        return made;
    }
    [[nodiscard]] const sockaddr* get() const noexcept {
        return reinterpret_cast<const sockaddr*>(&address);
    }
    [[nodiscard]] static socklen_t size() noexcept { return sizeof(sockaddr_un); }
};

/// Clears the place for a new socket: nothing is there, or what was left of one.
base::result<void> clear_place(const std::filesystem::path& path, const socket_address& at) {
    struct stat is{};
    if (lstat(path.c_str(), &is) != 0) {
        return errno == ENOENT ? base::result<void>{} : fail_with(path, errno);
    }
    if (!S_ISSOCK(is.st_mode)) {
        return fail(path, "is there and is no socket: it is left alone", base::exit_code::failed);
    }
    const file_descriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (probe.get() < 0) {
        return fail_with(path, errno);
    }
    if (connect(probe.get(), at.get(), at.size()) == 0 || errno == EAGAIN) {
        return fail(path, "something listens there already: is another gateway running?",
                    base::exit_code::failed);
    }
    if (errno != ECONNREFUSED) {
        return fail_with(path, errno);
    }
    return unlink(path.c_str()) == 0 || errno == ENOENT ? base::result<void>{}
                                                        : fail_with(path, errno);
}

} // namespace

struct local_server::listening {
    local_listener settings;
    file_descriptor descriptor;
    struct stat file{}; ///< of the socket's file, so as to remove no other
};

struct local_server::client {
    listening* from;
    file_descriptor descriptor;
    time deadline;
    std::vector<char> in; ///< its size never changes: no copies of keys are left behind
    std::size_t filled = 0;
    std::string out;
    std::size_t sent = 0;
    bool ended = false; ///< will send no more

    client(listening* listener, int accepted, time until)
        : from(listener), descriptor(accepted), deadline(until), in(request_max) {}
    ~client() {
        explicit_bzero(in.data(), in.size());
        explicit_bzero(out.data(), out.size());
    }
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    /// The next request, if it is whole.
    [[nodiscard]] std::optional<std::string_view> request() const {
        std::string_view text(in.data(), filled);
        if (from->settings.ends == framing::empty_line) {
            text.remove_prefix(std::min(text.find_first_not_of('\n'), text.size()));
        }
        const std::size_t end = text.find(delimiter_of(from->settings.ends));
        return end == std::string_view::npos ? std::nullopt : std::optional(text.substr(0, end));
    }

    /// False: the connection is over.
    [[nodiscard]] bool read() {
        const ssize_t count = recv(descriptor.get(), in.data() + filled, in.size() - filled, 0);
        if (count < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        ended = count == 0;
        filled += static_cast<std::size_t>(count);
        return true;
    }

    /// False: the connection is over.
    [[nodiscard]] bool answer(std::string_view asked) {
        const std::string_view delimiter = delimiter_of(from->settings.ends);
        try {
            out = from->settings.handler(asked);
            while (out.ends_with('\n')) {
                out.pop_back();
            }
            out += delimiter;
        } catch (const std::exception&) {
            return false;
        }
        const char* rest = asked.data() + asked.size() + delimiter.size();
        const auto taken = static_cast<std::size_t>(rest - in.data());
        std::memmove(in.data(), rest, filled - taken);
        explicit_bzero(in.data() + filled - taken, taken);
        filled -= taken;
        return true;
    }

    /// False: the connection is over.
    [[nodiscard]] bool send(time now) {
        const ssize_t count =
            ::send(descriptor.get(), out.data() + sent, out.size() - sent, MSG_NOSIGNAL);
        if (count < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        sent += static_cast<std::size_t>(count);
        if (sent == out.size()) {
            explicit_bzero(out.data(), out.size());
            out.clear();
            sent = 0;
            deadline = now + patience;
        }
        return true;
    }
};

local_server::local_server() = default;

local_server::~local_server() {
    for (const auto& one : listeners_) {
        struct stat is{};
        const char* path = one->settings.path.c_str();
        if (lstat(path, &is) == 0 && is.st_ino == one->file.st_ino &&
            is.st_dev == one->file.st_dev) {
            static_cast<void>(unlink(path));
        }
    }
}

base::result<void> local_server::listen(local_listener listener) {
    const std::filesystem::path path = listener.path;
    const auto at = socket_address::of(path);
    if (!at) {
        return fail(path, "too long for a socket's path", base::exit_code::bad_configuration);
    }
    if (auto clear = clear_place(path, *at); !clear) {
        return clear;
    }
    auto made = std::make_unique<listening>();
    made->settings = std::move(listener);
    made->descriptor =
        file_descriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int socket = made->descriptor.get();
    // The file takes the descriptor's mode less the umask: at no time may others connect.
    if (socket < 0 || fchmod(socket, made->settings.mode) != 0 ||
        bind(socket, at->get(), at->size()) != 0) {
        return fail_with(path, errno);
    }
    if (lstat(path.c_str(), &made->file) != 0) {
        return fail_with(path, errno);
    }
    listeners_.push_back(std::move(made)); // from here on its file is removed at the end
    if (chmod(path.c_str(), listeners_.back()->settings.mode) != 0 ||
        ::listen(socket, static_cast<int>(clients_max)) != 0) {
        return fail_with(path, errno);
    }
    return {};
}

void local_server::serve(time now, std::chrono::milliseconds wait) {
    drop_slow(now);
    std::vector<pollfd> polled;
    const bool accepting = now >= no_accept_before_;
    for (const auto& one : listeners_) {
        polled.push_back({one->descriptor.get(), static_cast<short>(accepting ? POLLIN : 0), 0});
    }
    for (const auto& one : clients_) {
        const bool writes = !one->out.empty() || one->request();
        polled.push_back({one->descriptor.get(), static_cast<short>(writes ? POLLOUT : POLLIN), 0});
    }
    if (poll(polled.data(), polled.size(), static_cast<int>(wait.count())) <= 0) {
        return;
    }
    const auto ready = std::span(polled).subspan(listeners_.size());
    for (std::size_t i = 0; i < ready.size(); ++i) {
        if (ready[i].revents != 0 && !advance(*clients_[i], now)) {
            clients_[i]->descriptor.reset();
        }
    }
    std::erase_if(clients_, [](const auto& one) { return !one->descriptor.valid(); });
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
        if ((polled[i].revents & POLLIN) != 0) {
            accept(*listeners_[i], now);
        }
    }
}

void local_server::drop_slow(time now) {
    std::erase_if(clients_, [now](const auto& one) { return now >= one->deadline; });
}

void local_server::make_room() {
    if (clients_.size() >= clients_max) {
        clients_.erase(
            std::ranges::min_element(clients_, {}, [](const auto& one) { return one->deadline; }));
    }
}

void local_server::accept(listening& from, time now) {
    const int accepted =
        accept4(from.descriptor.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (accepted < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            no_accept_before_ = now + std::chrono::seconds(1); // else poll would not wait
        }
        return;
    }
    make_room();
    clients_.push_back(std::make_unique<client>(&from, accepted, now + patience));
}

/// One step, and one request at most, so that each client has its turn. False: the connection is
/// over.
bool local_server::advance(client& of, time now) {
    if (!of.out.empty()) {
        return of.send(now) && (!of.out.empty() || of.request() || !of.ended);
    }
    if (!of.request() && !of.read()) {
        return false;
    }
    if (const auto request = of.request()) {
        return of.answer(*request) && of.send(now) &&
               (!of.out.empty() || of.request() || !of.ended);
    }
    return !of.ended && of.filled < of.in.size();
}

base::result<std::string> ask(const std::filesystem::path& path, std::string_view request,
                              framing ends, std::chrono::milliseconds timeout) {
    const auto at = socket_address::of(path);
    if (!at) {
        return fail(path, "too long for a socket's path", base::exit_code::usage);
    }
    const file_descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (socket.get() < 0) {
        return fail_with(path, errno);
    }
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
    timeval limit{};
    limit.tv_sec = seconds.count();
    limit.tv_usec = std::chrono::microseconds(timeout - seconds).count();
    static_cast<void>(setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit));
    static_cast<void>(setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit));
    if (connect(socket.get(), at->get(), at->size()) != 0) {
        if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR) {
            return fail(path, "no gateway is running there", base::exit_code::try_again);
        }
        return errno == EAGAIN
                   ? fail(path, "the gateway does not answer", base::exit_code::try_again)
                   : fail_with(path, errno);
    }
    const std::string_view delimiter = delimiter_of(ends);
    std::string text = fmt::format("{}{}", request, delimiter);
    for (std::size_t sent = 0; sent < text.size();) {
        const ssize_t count =
            ::send(socket.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
        if (count < 0 && errno != EINTR) {
            break; // the reply will not come, either
        }
        sent += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    }
    text.clear();
    std::vector<char> buffer(65'536);
    while (!text.ends_with(delimiter) && text.size() <= reply_max) {
        const ssize_t count = recv(socket.get(), buffer.data(), buffer.size(), 0);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return fail(path,
                        count == 0 ? "the gateway ended the connection"
                                   : "the gateway does not answer",
                        base::exit_code::try_again);
        }
        text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    if (!text.ends_with(delimiter)) {
        return fail(path, "the reply is too long", base::exit_code::failed);
    }
    text.erase(text.size() - delimiter.size());
    return text;
}

} // namespace landfall::control

// SPDX-License-Identifier: MIT
#include "dataplane/tun.h"

#include "dataplane/device.h"
#include "dataplane/kernel_interface.h"
#include "dataplane/route_netlink.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>

namespace landfall::dataplane {
namespace {

std::string text_of(int error) {
    return std::generic_category().message(error);
}

std::unexpected<base::failure> failed(const std::string& name, const std::string& what, int error) {
    const bool forbidden = error == EPERM;
    return std::unexpected(
        base::failure{"host interface " + name + ": " + what + ": " +
                          (forbidden ? "needs CAP_NET_ADMIN, or an interface that was made for "
                                       "this user and has it already"
                                     : text_of(error)),
                      forbidden ? base::exit_code::no_permission : base::exit_code::failed});
}

std::unexpected<base::failure> not_opened(int error) {
    const bool forbidden = error == EACCES || error == EPERM;
    return std::unexpected(
        base::failure{std::string(tun_device) + ": " + text_of(error),
                      forbidden ? base::exit_code::no_permission : base::exit_code::try_again});
}

/// What TUNSETIFF says.
std::unexpected<base::failure> not_taken(const std::string& name, int error) {
    if (error == EBUSY) {
        return std::unexpected(
            base::failure{"host interface " + name +
                              ": another process has it; a second gateway on this "
                              "machine needs an interface in [host] of its own",
                          base::exit_code::failed});
    }
    if (error == EINVAL) {
        return std::unexpected(base::failure{"host interface " + name + ": is one of another kind",
                                             base::exit_code::bad_configuration});
    }
    return failed(name, "making it", error);
}

/// An address in the network that is a host's.
base::ip_address some_host(const base::ip_prefix& network) noexcept {
    base::ip_address host = network.address;
    if (network.length + 1U < 8 * host.size()) {
        host.octet[host.size() - 1] |= 1U;
    }
    return host;
}

using notes = std::vector<std::string>;

base::result<void> set_addresses(const tun_config& config, unsigned interface,
                                 route_netlink& kernel, notes& warnings) {
    for (const base::ip_prefix& one : config.address) {
        if (interface_with(one.address) == config.name) {
            continue;
        }
        if (one.address.v6 && ipv6_disabled(config.name)) {
            warnings.push_back("host interface " + config.name + ": no " + to_text(one) +
                               ": IPv6 is disabled on this host");
            continue;
        }
        if (const int error = kernel.add_address(interface, one); error != 0 && error != EEXIST) {
            return failed(config.name, "its address " + to_text(one), error);
        }
    }
    return {};
}

/// A missing route keeps nobody from starting: others may be meant to lead there.
void set_routes(const tun_config& config, unsigned interface, route_netlink& kernel,
                notes& warnings) {
    for (const base::ip_prefix& one : config.routes) {
        const auto source = std::ranges::find_if(
            config.address, [&](const auto& own) { return own.address.v6 == one.address.v6; });
        if (source == config.address.end() || interface_with(source->address) != config.name ||
            kernel.interface_to(some_host(one)) == interface) {
            continue;
        }
        const int error = kernel.add_route(interface, one, source->address);
        if (error != 0) {
            warnings.push_back(
                "host interface " + config.name + ": no route to " + to_text(one) +
                " by it: " + (error == EEXIST ? "there is another one" : text_of(error)));
        }
    }
}

base::result<void> set_up(const tun_config& config, bool made, notes& warnings) {
    route_netlink kernel;
    const unsigned interface = interface_index(config.name);
    if (made) {
        static_cast<void>(kernel.no_link_local(interface)); // there may be no IPv6
    }
    if (interface_mtu(config.name) != config.mtu && !set_interface_mtu(config.name, config.mtu)) {
        return failed(config.name, "its MTU of " + std::to_string(config.mtu), errno);
    }
    if (auto done = set_addresses(config, interface, kernel, warnings); !done) {
        return done;
    }
    if (!set_interface_up(config.name)) {
        return failed(config.name, "to be up", errno);
    }
    set_routes(config, interface, kernel, warnings);
    return {};
}

} // namespace

base::result<std::unique_ptr<tun>> tun::open(const tun_config& config) {
    const bool there = interface_index(config.name) != 0;
    const int handle = ::open(tun_device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (handle < 0) {
        return not_opened(errno);
    }
    std::unique_ptr<tun> made(new tun(handle, config.name));
    ifreq request{};
    config.name.copy(request.ifr_name, IFNAMSIZ - 1);
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (ioctl(handle, TUNSETIFF, &request) != 0) {
        return not_taken(config.name, errno);
    }
    if (auto done = set_up(config, !there, made->warnings_); !done) {
        return std::unexpected(done.error());
    }
    return made;
}

tun::~tun() {
    close(handle_);
}

std::size_t tun::read(std::span<std::uint8_t> room) noexcept {
    const ssize_t got = ::read(handle_, room.data(), room.size());
    return got > 0 ? static_cast<std::size_t>(got) : 0;
}

bool tun::write(base::octets packet) noexcept {
    return ::write(handle_, packet.data(), packet.size()) == static_cast<ssize_t>(packet.size());
}

void tun::wait(long most_ns) noexcept {
    pollfd one{.fd = handle_, .events = POLLIN, .revents = 0};
    const timespec most{.tv_sec = 0, .tv_nsec = most_ns};
    ppoll(&one, 1, &most, nullptr);
}

} // namespace landfall::dataplane

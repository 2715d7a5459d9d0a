#!/usr/bin/env python3
"""Takes what a guest boots from out of an unpacked Debian kernel package.

  kernel.py PACKAGE OUT MODULE...

Writes OUT/vmlinux, the kernel as an uncompressed ELF file (QEMU enters it through PVH, which saves the guest from
decompressing it), and OUT/modules/: the modules and what they depend on, with their load order in OUT/modules/order.
"""
import lzma
import pathlib
import re
import subprocess
import sys

# What a kernel's payload starts with, and what unpacks it: Debian's are packed with CONFIG_KERNEL_ZSTD or, up to 6.1,
# CONFIG_KERNEL_LZ4 (in its legacy format).
UNPACKERS = {b"\x28\xb5\x2f\xfd": ["zstd", "-dc"], b"\x02\x21\x4c\x18": ["lz4", "-dc"]}
ELF_MAGIC = b"\x7fELF"


def unpack_kernel(vmlinuz: pathlib.Path) -> bytes:
    """The ELF image inside a bzImage; see "payload_offset" in the kernel's Documentation/x86/boot.rst."""
    image = vmlinuz.read_bytes()
    if image[0x202:0x206] != b"HdrS":
        sys.exit(f"{vmlinuz}: not a bzImage")
    setup_bytes = ((image[0x1F1] or 4) + 1) * 512
    begin = setup_bytes + int.from_bytes(image[0x248:0x24C], "little")
    length = int.from_bytes(image[0x24C:0x250], "little")
    payload = image[begin : begin + length]
    unpacker = UNPACKERS.get(payload[:4])
    if unpacker is None:
        sys.exit(f"{vmlinuz}: payload starts with {payload[:4].hex()}; teach kernel.py this format")
    # The last four bytes are the unpacked size, which the kernel's build appends.
    kernel = subprocess.run(unpacker, input=payload[:-4], stdout=subprocess.PIPE, check=True).stdout
    if not kernel.startswith(ELF_MAGIC) or len(kernel) != int.from_bytes(payload[-4:], "little"):
        sys.exit(f"{vmlinuz}: the unpacked kernel is damaged")
    return kernel


def module_name(path: str) -> str:
    return pathlib.PurePath(path).name.removesuffix(".xz").removesuffix(".ko").replace("-", "_")


def read_module(path: pathlib.Path) -> bytes:
    return lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()


def depends(module: bytes) -> list[str]:
    """The names in the module's .modinfo; Debian's kernel packages carry no modules.dep."""
    match = re.search(rb"\0depends=([^\0]*)\0", module)
    return [name.replace("-", "_") for name in match.group(1).decode().split(",") if name] if match else []


def main() -> None:
    package, out, wanted = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    (out / "modules").mkdir(parents=True)
    (out / "vmlinux").write_bytes(unpack_kernel(next(package.glob("boot/vmlinuz-*"))))

    paths = {module_name(path.name): path for path in package.glob("lib/modules/*/kernel/**/*.ko*")}
    builtin = next(package.glob("lib/modules/*/modules.builtin"), None)
    built_in = {module_name(line) for line in builtin.read_text().splitlines()} if builtin else set()
    # In load order.
    modules: dict[str, bytes] = {}

    def add(name: str) -> None:
        if name in modules or name in built_in:
            return
        if name not in paths:
            sys.exit(f"{package}: no module {name} in this kernel package")
        contents = read_module(paths[name])
        for dependency in depends(contents):
            add(dependency)
        modules[name] = contents

    for name in wanted:
        add(name)
    for name, contents in modules.items():
        (out / "modules" / f"{name}.ko").write_bytes(contents)
    (out / "modules" / "order").write_text("".join(f"{name}\n" for name in modules))


if __name__ == "__main__":
    main()

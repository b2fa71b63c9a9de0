//! The symbols themselves, in assembly: an image that was not loaded as a module must pass through them untouched, at any
//! time, even before `main`, when the runtime of a sanitizer calls them and no instrumented code may run yet.
//!
//! For each name there is a hidden symbol of that name, which this image's references are bound to. Once the image has a
//! core it jumps to the function that tells the core; until then, and always under the name `polyplug_system_..`, to what
//! the reference would have found without it, which is looked up once.
//!
//! What is always true:
//!
//! * **S1** `polyplug_system_..` behaves as the system's function of that name; where the system has none, it answers what
//!   stands behind `missing`.
//! * **S2** The registers of the arguments and the stack reach the other function as they came: these have four arguments at
//!   most.
//! * **S3** What can outlive the image is marked (`marks`) before the table is read for the last time, with a full barrier
//!   between the two.

/// First its binding and its name. `function`: where modules go. `marks`: what it does before it is handed to the system.
/// `other`: who else may be meant by it. `missing`: the answer where the system has no such function.
#[cfg(target_arch = "x86_64")]
macro_rules! symbol {
    (
        $binding:literal $symbol:literal, function: $function:path, marks: [$($marks:literal,)*], other: [$($other:literal,)*],
        missing: $missing:literal
    ) => {
        core::arch::global_asm!(
            concat!(".pushsection .rodata.polyplug.", $symbol, ", \"a\", @progbits"),
            concat!(".Lpolyplug_name_", $symbol, ":"),
            concat!(".asciz \"", $symbol, "\""),
            ".popsection",
            concat!(".pushsection .bss.polyplug.", $symbol, ", \"aw\", @nobits"),
            ".p2align 3",
            concat!(".Lpolyplug_found_", $symbol, ":"),
            ".zero 8",
            ".popsection",
            concat!(".pushsection .text.polyplug.", $symbol, ", \"ax\", @progbits"),
            ".p2align 4",
            concat!($binding, " ", $symbol),
            concat!(".hidden ", $symbol),
            concat!(".type ", $symbol, ", @function"),
            concat!($symbol, ":"),
            ".cfi_startproc",
            "endbr64",
            "mov rax, qword ptr [rip + polyplug_threads_table]",
            "test rax, rax",
            "jne {function}",
            $($marks,)*
            "jmp 5f",
            ".cfi_endproc",
            concat!(".size ", $symbol, ", . - ", $symbol),
            ".p2align 4",
            concat!(".globl polyplug_system_", $symbol),
            concat!(".hidden polyplug_system_", $symbol),
            concat!(".type polyplug_system_", $symbol, ", @function"),
            concat!("polyplug_system_", $symbol, ":"),
            ".cfi_startproc",
            "endbr64",
            "5:",
            $($other,)*
            concat!("mov rax, qword ptr [rip + .Lpolyplug_found_", $symbol, "]"),
            "test rax, rax",
            "je 2f",
            "6:",
            "jmp rax",
            "2:",
            "push rdi",
            "push rsi",
            "push rdx",
            "push rcx",
            "sub rsp, 8",
            ".cfi_adjust_cfa_offset 40",
            "xor edi, edi", // RTLD_DEFAULT
            concat!("lea rsi, [rip + .Lpolyplug_name_", $symbol, "]"),
            "call dlsym@PLT",
            "add rsp, 8",
            "pop rcx",
            "pop rdx",
            "pop rsi",
            "pop rdi",
            ".cfi_adjust_cfa_offset -40",
            concat!("mov qword ptr [rip + .Lpolyplug_found_", $symbol, "], rax"),
            "test rax, rax",
            "jne 6b",
            concat!("mov eax, ", $missing),
            "ret",
            ".cfi_endproc",
            concat!(".size polyplug_system_", $symbol, ", . - polyplug_system_", $symbol),
            ".popsection",
            function = sym $function,
        );
    };
}

#[cfg(target_arch = "aarch64")]
macro_rules! symbol {
    (
        $binding:literal $symbol:literal, function: $function:path, marks: [$($marks:literal,)*], other: [$($other:literal,)*],
        missing: $missing:literal
    ) => {
        core::arch::global_asm!(
            concat!(".pushsection .rodata.polyplug.", $symbol, ", \"a\", @progbits"),
            concat!(".Lpolyplug_name_", $symbol, ":"),
            concat!(".asciz \"", $symbol, "\""),
            ".popsection",
            concat!(".pushsection .bss.polyplug.", $symbol, ", \"aw\", @nobits"),
            ".p2align 3",
            concat!(".Lpolyplug_found_", $symbol, ":"),
            ".zero 8",
            ".popsection",
            concat!(".pushsection .text.polyplug.", $symbol, ", \"ax\", @progbits"),
            ".p2align 4",
            concat!($binding, " ", $symbol),
            concat!(".hidden ", $symbol),
            concat!(".type ", $symbol, ", @function"),
            concat!($symbol, ":"),
            ".cfi_startproc",
            "hint #34", // bti c
            "adrp x16, polyplug_threads_table",
            "add x16, x16, :lo12:polyplug_threads_table",
            "ldar x16, [x16]",
            "cbnz x16, 7f",
            $($marks,)*
            "b 5f",
            "7:",
            "b {function}",
            ".cfi_endproc",
            concat!(".size ", $symbol, ", . - ", $symbol),
            ".p2align 4",
            concat!(".globl polyplug_system_", $symbol),
            concat!(".hidden polyplug_system_", $symbol),
            concat!(".type polyplug_system_", $symbol, ", @function"),
            concat!("polyplug_system_", $symbol, ":"),
            ".cfi_startproc",
            "hint #34",
            "5:",
            $($other,)*
            concat!("adrp x17, .Lpolyplug_found_", $symbol),
            concat!("ldr x16, [x17, :lo12:.Lpolyplug_found_", $symbol, "]"),
            "cbz x16, 2f",
            "6:",
            "br x16",
            "2:",
            "stp x29, x30, [sp, #-48]!",
            ".cfi_adjust_cfa_offset 48",
            ".cfi_rel_offset x29, 0",
            ".cfi_rel_offset x30, 8",
            "stp x0, x1, [sp, #16]",
            "stp x2, x3, [sp, #32]",
            "mov x0, xzr", // RTLD_DEFAULT
            concat!("adrp x1, .Lpolyplug_name_", $symbol),
            concat!("add x1, x1, :lo12:.Lpolyplug_name_", $symbol),
            "bl dlsym",
            "mov x16, x0",
            "ldp x2, x3, [sp, #32]",
            "ldp x0, x1, [sp, #16]",
            "ldp x29, x30, [sp], #48",
            ".cfi_adjust_cfa_offset -48",
            ".cfi_restore x29",
            ".cfi_restore x30",
            concat!("adrp x17, .Lpolyplug_found_", $symbol),
            concat!("str x16, [x17, :lo12:.Lpolyplug_found_", $symbol, "]"),
            "cbnz x16, 6b",
            concat!("mov x0, #", $missing),
            "ret",
            ".cfi_endproc",
            concat!(".size polyplug_system_", $symbol, ", . - polyplug_system_", $symbol),
            ".popsection",
            function = sym $function,
        );
    };
}

/// Marks, whatever the arguments are.
#[cfg(target_arch = "x86_64")]
macro_rules! symbol_that_marks {
    ($symbol:literal, function: $function:path, unless: [$($unless:literal,)*], other: $other:tt, missing: $missing:literal) => {
        symbol!(
            ".globl" $symbol, function: $function,
            marks: [
                $($unless,)*
                "mov dword ptr [rip + polyplug_threads_early], 1",
                "mfence",
                "mov rax, qword ptr [rip + polyplug_threads_table]",
                "test rax, rax",
                "jne {function}",
            ],
            other: $other, missing: $missing
        );
    };
}

#[cfg(target_arch = "aarch64")]
macro_rules! symbol_that_marks {
    ($symbol:literal, function: $function:path, unless: [$($unless:literal,)*], other: $other:tt, missing: $missing:literal) => {
        symbol!(
            ".globl" $symbol, function: $function,
            marks: [
                $($unless,)*
                "mov w17, #1",
                "adrp x16, polyplug_threads_early",
                "add x16, x16, :lo12:polyplug_threads_early",
                "stlr w17, [x16]",
                "dmb ish",
                "adrp x16, polyplug_threads_table",
                "add x16, x16, :lo12:polyplug_threads_table",
                "ldar x16, [x16]",
                "cbnz x16, 7f",
            ],
            other: $other, missing: $missing
        );
    };
}

// What the symbols read, and what makes the linker take all of them: `become_module` refers to it. The last is for a
// sanitizer that is linked into this very program: it has its own `pthread_create`, which ours replaces, and which can be
// reached by this name. Null everywhere else.
core::arch::global_asm!(
    ".pushsection .bss.polyplug.table, \"aw\", @nobits",
    ".p2align 3",
    ".globl polyplug_threads_table",
    ".hidden polyplug_threads_table",
    ".type polyplug_threads_table, @object",
    "polyplug_threads_table:",
    ".zero 8",
    ".size polyplug_threads_table, 8",
    ".globl polyplug_threads_early",
    ".hidden polyplug_threads_early",
    ".type polyplug_threads_early, @object",
    "polyplug_threads_early:",
    ".zero 4",
    ".size polyplug_threads_early, 4",
    ".popsection",
    ".pushsection .data.rel.ro.polyplug.intercepted, \"aw\", @progbits",
    ".p2align 3",
    ".weak __interceptor_pthread_create",
    ".hidden __interceptor_pthread_create",
    ".Lpolyplug_intercepted:",
    ".quad __interceptor_pthread_create",
    ".popsection",
);

#[cfg(target_arch = "x86_64")]
symbol_that_marks!(
    "pthread_create", function: super::redirect::create, unless: [],
    other: [
        "mov rax, qword ptr [rip + .Lpolyplug_intercepted]",
        "test rax, rax",
        "jne 6f",
    ],
    missing: "11" // EAGAIN
);
#[cfg(target_arch = "aarch64")]
symbol_that_marks!(
    "pthread_create", function: super::redirect::create, unless: [],
    other: [
        "adrp x16, .Lpolyplug_intercepted",
        "ldr x16, [x16, :lo12:.Lpolyplug_intercepted]",
        "cbnz x16, 6f",
    ],
    missing: "11" // EAGAIN
);
// A key without a destructor leaves nothing to call.
#[cfg(target_arch = "x86_64")]
symbol_that_marks!(
    "pthread_key_create", function: super::keys::create,
    unless: ["test rsi, rsi", "je 5f",],
    other: [],
    missing: "11" // EAGAIN
);
#[cfg(target_arch = "aarch64")]
symbol_that_marks!(
    "pthread_key_create", function: super::keys::create,
    unless: ["cbz x1, 5f",],
    other: [],
    missing: "11" // EAGAIN
);
symbol!(
    ".globl" "pthread_key_delete", function: super::keys::delete, marks: [], other: [],
    missing: "22" // EINVAL
);
symbol!(
    ".globl" "pthread_getspecific", function: super::keys::get, marks: [], other: [],
    missing: "0"
);
symbol!(
    ".globl" "pthread_setspecific", function: super::keys::set, marks: [], other: [],
    missing: "22" // EINVAL
);
// What the system itself keeps, it counts itself: an image is not unmapped before.
// Weak, because the standard library's reference is: in one unit with that, a stronger symbol is worth a warning.
symbol!(
    ".weak" "__cxa_thread_atexit_impl", function: super::redirect::at_thread_exit, marks: [], other: [],
    missing: "12" // ENOMEM
);
